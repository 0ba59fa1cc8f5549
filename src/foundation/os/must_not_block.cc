#include "foundation/os/must_not_block.h"

namespace aloft::os {

thread_local MustNotBlock* MustNotBlock::current_ = nullptr;

MustNotBlock::MustNotBlock() : outer_(current_) {
  current_ = this;
}

MustNotBlock::~MustNotBlock() {
  current_ = outer_;
}

Status MayBlock() {
  if (MustNotBlock::current_ == nullptr) return {};
  MustNotBlock::current_->refused_ = true;
  return Fail(kWouldBlock, "This takes longer than can be waited for here.");
}

}  // namespace aloft::os

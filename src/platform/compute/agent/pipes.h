// Channels in input mode Pipe: FIFOs that the code reads instead of files, one for each epoch, `<path>_0`, `<path>_1`,
// ... Each epoch streams all objects of the channel anew, one after the other; the next one's FIFO is there before the
// one before it ends, as SageMaker's are. Nothing is kept but one object at a time, on disk.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "platform/compute/agent/object_list.h"
#include "platform/compute/agent/stager.h"

namespace aloft::compute {

// `text` as one RecordIO record of the form that SageMaker's pipes have (Apache MXNet's): magic, length, padding to 4.
std::string RecordHead(std::uint64_t size);
std::string RecordTail(std::uint64_t size);

class Pipes {
 public:
  // `transfer` and what `options` names outlive this.
  Pipes(ObjectTransfer& transfer, StagerOptions options) : transfer_(transfer), options_(std::move(options)) {}
  ~Pipes() { Stop(); }

  // Makes the first FIFO and begins to feed it. Errors that are the caller's to mend as Stager::Bring's.
  Status Open(const Input& input);
  void Stop();  // ends all; joins
  // What went wrong while feeding, where something did: the code has seen a stream that ends too early.
  std::string failure() const;

 private:
  struct Item {  // one record: an object's content, or a text of the manifest
    std::string bucket, key, text;
  };
  void Feed(const Input& input);
  Status FeedEpoch(const Input& input, int epoch);
  Result<std::vector<Item>> ItemsOf(const Input& input, int epoch);
  Status FeedItem(const Input& input, const Item& item, int pipe);
  Status MakeFifo(const std::string& path) const;
  // The FIFO once somebody reads it; absent once stopped.
  os::Fd WaitForReader(const std::string& path) const;
  Result<os::Fd> Scratch() const;

  ObjectTransfer& transfer_;
  StagerOptions options_;
  std::atomic<bool> stopping_{false};
  std::vector<std::thread> feeders_;
  mutable std::mutex mutex_;
  std::string failure_;
};

}  // namespace aloft::compute

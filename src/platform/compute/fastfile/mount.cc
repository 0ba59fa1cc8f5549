#include "platform/compute/fastfile/mount.h"

#include <fcntl.h>
#include <linux/fuse.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

namespace aloft::compute::fastfile {
namespace {

constexpr std::size_t kRequestBuffer = 16 << 10;  // FUSE_MIN_READ_BUFFER and more; nothing is written to us
constexpr std::uint32_t kMaxRead = 1u << 20;
constexpr std::uint64_t kForever = 365 * 86'400;  // names and attributes never change
constexpr std::uint64_t kMostAhead = 8;           // blocks
constexpr std::size_t kFilesAhead = 6;
constexpr int kInOrder = 2;  // so many files opened one after the other are a habit

template <class Struct>
std::string_view BytesOf(const Struct& value) {
  return {reinterpret_cast<const char*>(&value), sizeof value};
}

fuse_attr AttributesOf(const Tree::Node& node, std::uint64_t inode, uid_t owner) {
  fuse_attr attr{};
  attr.ino = inode;
  attr.size = node.size;
  attr.blocks = (node.size + 511) / 512;
  attr.mode = node.is_directory() ? S_IFDIR | 0555 : S_IFREG | 0444;
  attr.nlink = node.is_directory() ? 2 : 1;
  attr.uid = attr.gid = owner;
  attr.blksize = 128 << 10;
  return attr;
}

fuse_entry_out EntryOf(const Tree::Node& node, std::uint64_t inode, uid_t owner) {
  fuse_entry_out entry{};
  entry.nodeid = inode;
  entry.entry_valid = entry.attr_valid = kForever;
  entry.attr = AttributesOf(node, inode, owner);
  return entry;
}

int ErrnoOf(const Error& error) {
  return error.kind() == ErrorKind::kDenied ? EACCES : EIO;
}

}  // namespace

struct Mount::Request {
  fuse_in_header head;
  std::string_view body;

  template <class Struct>
  Struct As() const {  // older kernels send less: the rest is 0
    Struct value{};
    std::memcpy(&value, body.data(), std::min(body.size(), sizeof value));
    return value;
  }
};

Result<std::unique_ptr<Mount>> Mount::Serve(os::Fd device, Tree tree, std::unique_ptr<BlockCache> blocks,
                                            MountOptions options) {
  int flags = ::fcntl(device.get(), F_GETFL);
  if (flags < 0 || ::fcntl(device.get(), F_SETFL, flags | O_NONBLOCK) != 0) return SystemError("/dev/fuse", errno);
  std::unique_ptr<Mount> mount(new Mount(std::move(device), std::move(tree), std::move(blocks), std::move(options)));
  mount->stop_ = os::Fd(::eventfd(0, EFD_CLOEXEC));
  if (!mount->stop_) return SystemError("eventfd", errno);
  for (int i = 0; i < mount->options_.threads; ++i) mount->threads_.emplace_back([m = mount.get()] { m->Loop(); });
  return mount;
}

Mount::Mount(os::Fd device, Tree tree, std::unique_ptr<BlockCache> blocks, MountOptions options)
    : device_(std::move(device)), tree_(std::move(tree)), blocks_(std::move(blocks)), options_(std::move(options)) {}

void Mount::Stop() {
  if (threads_.empty()) return;
  blocks_->Cancel();
  ::eventfd_write(stop_.get(), 1);
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
  device_.Reset();  // the kernel ends whatever is left
  blocks_->Stop();
}

void Mount::Loop() {
  std::vector<char> buffer(kRequestBuffer);
  for (;;) {
    pollfd waits[2] = {{device_.get(), POLLIN, 0}, {stop_.get(), POLLIN, 0}};
    if (::poll(waits, 2, -1) < 0 && errno != EINTR) return;
    if (waits[1].revents != 0) return;
    ssize_t got = ::read(device_.get(), buffer.data(), buffer.size());
    if (got < 0 && (errno == EINTR || errno == EAGAIN || errno == ENOENT)) continue;
    if (got < static_cast<ssize_t>(sizeof(fuse_in_header))) return;  // unmounted
    Request request{};
    std::memcpy(&request.head, buffer.data(), sizeof request.head);
    request.body = std::string_view(buffer.data(), static_cast<std::size_t>(got)).substr(sizeof request.head);
    Answer(request);
  }
}

void Mount::Answer(const Request& request) {
  switch (request.head.opcode) {
    case FUSE_INIT: return Init(request);
    case FUSE_LOOKUP: return Lookup(request);
    case FUSE_GETATTR: return Attributes(request);
    case FUSE_OPEN: return Open(request, false);
    case FUSE_OPENDIR: return Open(request, true);
    case FUSE_READ: return Read(request);
    case FUSE_READDIR: return ReadDirectory(request, false);
    case FUSE_READDIRPLUS: return ReadDirectory(request, true);
    case FUSE_STATFS: return Statistics(request);
    case FUSE_RELEASE: Release(request); return Reply(request.head.unique, 0);
    case FUSE_RELEASEDIR:
    case FUSE_FLUSH:
    case FUSE_DESTROY: return Reply(request.head.unique, 0);
    case FUSE_FORGET:
    case FUSE_BATCH_FORGET:
    case FUSE_INTERRUPT: return;  // nothing is answered to these; a read is soon over
    case FUSE_SETATTR:
    case FUSE_MKNOD:
    case FUSE_MKDIR:
    case FUSE_UNLINK:
    case FUSE_RMDIR:
    case FUSE_RENAME:
    case FUSE_RENAME2:
    case FUSE_LINK:
    case FUSE_SYMLINK:
    case FUSE_CREATE:
    case FUSE_WRITE: return Reply(request.head.unique, EROFS);
    default: return Reply(request.head.unique, ENOSYS);
  }
}

void Mount::Reply(std::uint64_t unique, int error, std::string_view payload) {
  fuse_out_header head{static_cast<std::uint32_t>(sizeof(fuse_out_header) + payload.size()), -error, unique};
  iovec parts[2] = {{&head, sizeof head}, {const_cast<char*>(payload.data()), payload.size()}};
  // A request that was given up meanwhile (ENOENT) needs no answer.
  static_cast<void>(!::writev(device_.get(), parts, payload.empty() ? 1 : 2));
}

void Mount::Init(const Request& request) {
  auto theirs = request.As<fuse_init_in>();
  fuse_init_out ours{};
  ours.major = FUSE_KERNEL_VERSION;
  ours.minor = std::min<std::uint32_t>(theirs.minor, FUSE_KERNEL_MINOR_VERSION);
  ours.max_readahead = std::min(theirs.max_readahead, kMaxRead);
  ours.flags = theirs.flags &
               (FUSE_ASYNC_READ | FUSE_PARALLEL_DIROPS | FUSE_MAX_PAGES | FUSE_DO_READDIRPLUS | FUSE_READDIRPLUS_AUTO);
  ours.max_background = 16;
  ours.congestion_threshold = 12;
  ours.max_write = 4096;
  ours.time_gran = 1;
  ours.max_pages = kMaxRead / 4096;
  Reply(request.head.unique, theirs.major == FUSE_KERNEL_VERSION ? 0 : EPROTO, BytesOf(ours));
}

void Mount::Lookup(const Request& request) {
  std::string_view name = request.body.substr(0, request.body.find('\0'));
  std::uint64_t inode = tree_.Child(request.head.nodeid, name);
  fuse_entry_out entry{};
  // Inode 0: there is none, and there will be none.
  entry.entry_valid = kForever;
  if (inode != 0) entry = EntryOf(*tree_.Find(inode), inode, options_.owner);
  Reply(request.head.unique, 0, BytesOf(entry));
}

void Mount::Attributes(const Request& request) {
  const Tree::Node* node = tree_.Find(request.head.nodeid);
  if (!node) return Reply(request.head.unique, ENOENT);
  fuse_attr_out out{};
  out.attr_valid = kForever;
  out.attr = AttributesOf(*node, request.head.nodeid, options_.owner);
  Reply(request.head.unique, 0, BytesOf(out));
}

void Mount::Open(const Request& request, bool directory) {
  const Tree::Node* node = tree_.Find(request.head.nodeid);
  if (!node) return Reply(request.head.unique, ENOENT);
  fuse_open_out out{};
  out.open_flags = FOPEN_KEEP_CACHE;
  if (directory) {
    out.open_flags |= FOPEN_CACHE_DIR;
    return Reply(request.head.unique, 0, BytesOf(out));
  }
  if ((request.As<fuse_open_in>().flags & O_ACCMODE) != O_RDONLY) return Reply(request.head.unique, EROFS);
  bool habit = false;
  {
    std::lock_guard lock(mutex_);
    out.fh = next_handle_++;
    readers_[out.fh] = {node->leaf, 0, 0};
    opened_in_order_ = last_opened_ != Tree::kNoLeaf && node->leaf == last_opened_ + 1 ? opened_in_order_ + 1 : 0;
    last_opened_ = node->leaf;
    habit = opened_in_order_ >= kInOrder;
  }
  Reply(request.head.unique, 0, BytesOf(out));
  for (std::size_t next = 1; habit && next <= kFilesAhead; ++next) blocks_->Ahead(node->leaf + next, 0);
}

void Mount::Release(const Request& request) {
  std::lock_guard lock(mutex_);
  readers_.erase(request.As<fuse_release_in>().fh);
}

void Mount::ReadAhead(std::uint64_t handle, std::size_t leaf, std::uint64_t first, std::uint64_t last) {
  std::uint64_t ahead = 0;
  {
    std::lock_guard lock(mutex_);
    auto found = readers_.find(handle);
    if (found == readers_.end()) return;
    Reader& reader = found->second;
    bool goes_on = first == reader.next_block || first + 1 == reader.next_block;
    if (goes_on && last + 1 > reader.next_block) reader.ahead = std::min(reader.ahead * 2 + 1, kMostAhead);
    if (!goes_on) reader.ahead = 0;
    reader.next_block = last + 1;
    ahead = reader.ahead;
  }
  for (std::uint64_t next = 1; next <= ahead; ++next) blocks_->Ahead(leaf, last + next);
}

void Mount::Read(const Request& request) {
  auto asked = request.As<fuse_read_in>();
  const Tree::Node* node = tree_.Find(request.head.nodeid);
  if (!node || node->is_directory()) return Reply(request.head.unique, EISDIR);
  if (asked.offset >= node->size || asked.size == 0) return Reply(request.head.unique, 0);
  const std::uint64_t end = std::min(node->size, asked.offset + std::min(asked.size, kMaxRead));
  const std::uint64_t unit = blocks_->block_bytes();
  const std::uint64_t first = asked.offset / unit, last = (end - 1) / unit;
  ReadAhead(asked.fh, node->leaf, first, last);

  fuse_out_header head{sizeof(fuse_out_header), 0, request.head.unique};
  std::vector<Block> held;  // until they are written
  std::vector<iovec> parts{{&head, sizeof head}};
  for (std::uint64_t at = asked.offset; at < end;) {
    auto block = blocks_->Get(node->leaf, at / unit);
    if (!block.ok()) {
      Failed(node->leaf, block.error());
      return Reply(request.head.unique, ErrnoOf(block.error()));
    }
    std::uint64_t from = at % unit;
    std::uint64_t size = std::min((*block)->size() - from, end - at);
    parts.push_back({const_cast<char*>((*block)->data() + from), size});
    held.push_back(std::move(*block));
    head.len += static_cast<std::uint32_t>(size);
    at += size;
  }
  static_cast<void>(!::writev(device_.get(), parts.data(), static_cast<int>(parts.size())));
}

void Mount::Failed(std::size_t leaf, const Error& error) {
  if (error.reason == kCancelled || !options_.on_failure) return;
  {
    std::lock_guard lock(mutex_);
    if (!failed_.emplace(leaf, true).second) return;
  }
  options_.on_failure(leaf, error);
}

void Mount::ReadDirectory(const Request& request, bool plus) {
  auto asked = request.As<fuse_read_in>();
  const Tree::Node* node = tree_.Find(request.head.nodeid);
  if (!node || !node->is_directory()) return Reply(request.head.unique, ENOTDIR);
  std::string out;
  // Entries are "." and ".." and then the children; an entry's offset is that of the next one.
  for (std::uint64_t index = asked.offset; index < node->children.size() + 2; ++index) {
    std::uint64_t inode = index == 0   ? request.head.nodeid
                          : index == 1 ? node->parent
                                       : node->children[static_cast<std::size_t>(index - 2)];
    const Tree::Node& child = *tree_.Find(inode);
    std::string_view name = index == 0 ? "." : index == 1 ? ".." : std::string_view(child.name);
    fuse_dirent entry{inode, index + 1, static_cast<std::uint32_t>(name.size()),
                      static_cast<std::uint32_t>(child.is_directory() ? S_IFDIR : S_IFREG) >> 12};
    std::size_t size = FUSE_NAME_OFFSET + name.size();
    std::size_t padded = (size + 7) & ~std::size_t{7};
    if (out.size() + padded + (plus ? sizeof(fuse_entry_out) : 0) > asked.size) break;
    // "." and ".." are not looked up: without a node the kernel leaves its own alone.
    if (plus) out += BytesOf(index < 2 ? fuse_entry_out{} : EntryOf(child, inode, options_.owner));
    out.append(reinterpret_cast<const char*>(&entry), FUSE_NAME_OFFSET);
    out += name;
    out.append(padded - size, '\0');
  }
  Reply(request.head.unique, 0, out);
}

void Mount::Statistics(const Request& request) {
  fuse_statfs_out out{};
  out.st.bsize = out.st.frsize = 4096;
  out.st.namelen = 1024;
  out.st.files = tree_.size();
  Reply(request.head.unique, 0, BytesOf(out));
}

}  // namespace aloft::compute::fastfile

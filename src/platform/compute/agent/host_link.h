// The network between the hosts of one job on one machine: each agent carries the packets of its sandbox's eth0 to the
// other agents over Unix sockets. Nothing of it exists in the host's network, so nothing of it can be left there.
//
// Packets to a host that is not there (yet) are dropped, as on any network; TCP sends them again.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "foundation/base/result.h"
#include "foundation/os/fd.h"

namespace aloft::compute {

// "10.55.0.1" for host 0; at most 65,000 hosts.
std::string LinkAddress(int host);

class HostLink {
 public:
  // `directory` is the same for all hosts of the job and nobody else's; made where it is absent.
  static Result<std::unique_ptr<HostLink>> Open(const std::string& directory, int host, int hosts, os::Fd device);
  ~HostLink();  // joins, removes its socket, and the directory after the last

  // Bytes of packets that came in, and went out.
  std::uint64_t received() const { return received_; }
  std::uint64_t sent() const { return sent_; }

 private:
  HostLink(std::string directory, int host, int hosts, os::Fd device, os::Fd socket, os::Fd stop);
  void CarryOut();
  void CarryIn();
  bool Send(int host, const char* packet, std::size_t size);
  std::string PathOf(int host) const { return directory_ + "/" + std::to_string(host); }

  const std::string directory_;
  const int host_;
  os::Fd device_, socket_, stop_;
  std::vector<os::Fd> peers_;  // connected; only the thread that carries out uses them
  std::atomic<std::uint64_t> received_{0}, sent_{0};
  std::thread out_, in_;
};

}  // namespace aloft::compute

// Packets between hosts, with a pair of sockets in the place of the sandbox's interface.
#include "platform/compute/agent/host_link.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <filesystem>
#include <set>

namespace aloft::compute {
namespace {

std::string PacketTo(int host, const std::string& text) {
  std::string packet(20, '\0');
  packet[0] = 0x45;
  packet[16] = 10;
  packet[17] = 55;
  packet[18] = static_cast<char>((host + 1) / 256);
  packet[19] = static_cast<char>((host + 1) % 256);
  return packet + text;
}

struct Host {
  os::Fd inside;
  std::unique_ptr<HostLink> link;

  void Open(const std::string& directory, int index, int hosts) {
    int ends[2];
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
    inside = os::Fd(ends[0]);
    auto opened = HostLink::Open(directory, index, hosts, os::Fd(ends[1]));
    ASSERT_TRUE(opened.ok()) << Describe(opened.error());
    link = std::move(*opened);
  }
  void Send(const std::string& packet) { ASSERT_GT(::send(inside.get(), packet.data(), packet.size(), 0), 0); }
  // The next packet's text; empty where none comes.
  std::string Receive(int millis = 10'000) {
    pollfd wait{inside.get(), POLLIN, 0};
    if (::poll(&wait, 1, millis) != 1) return {};
    std::string packet(70'000, '\0');
    ssize_t size = ::recv(inside.get(), packet.data(), packet.size(), 0);
    return size < 20 ? std::string() : packet.substr(20, static_cast<std::size_t>(size) - 20);
  }
};

class HostLinkTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = std::filesystem::temp_directory_path() / "aloft-link-XXXXXX";
    root_ = mkdtemp(name.data());
    directory_ = root_ + "/g";
  }
  void TearDown() override { std::filesystem::remove_all(root_); }
  std::string root_, directory_;
};

// Each host reaches each other one, large packets too, and only the one it means.
TEST_F(HostLinkTest, CarriesPackets) {
  Host hosts[3];
  for (int i = 0; i < 3; ++i) hosts[i].Open(directory_, i, 3);
  hosts[0].Send(PacketTo(1, "to one"));
  hosts[0].Send(PacketTo(2, std::string(60'000, 'x')));
  hosts[2].Send(PacketTo(1, "from two"));
  EXPECT_EQ(hosts[2].Receive(), std::string(60'000, 'x'));
  std::set<std::string> got{hosts[1].Receive(), hosts[1].Receive()};
  EXPECT_EQ(got, (std::set<std::string>{"to one", "from two"}));
}

// What is for nobody here is dropped: other networks, itself, hosts beyond the last, what is no packet.
TEST_F(HostLinkTest, DropsTheRest) {
  Host hosts[2];
  for (int i = 0; i < 2; ++i) hosts[i].Open(directory_, i, 2);
  std::string foreign = PacketTo(1, "foreign");
  foreign[17] = 56;
  for (const std::string& packet : {foreign, PacketTo(0, "self"), PacketTo(7, "beyond"), std::string("short")})
    hosts[0].Send(packet);
  hosts[0].Send(PacketTo(1, "good"));
  EXPECT_EQ(hosts[1].Receive(), "good");
}

// A host that comes late, or comes back, is reached as soon as it is there; afterwards nothing is left on the disk.
TEST_F(HostLinkTest, HostsComeAndGo) {
  Host first, second;
  first.Open(directory_, 0, 2);
  first.Send(PacketTo(1, "too early"));
  for (int round = 0; round < 2; ++round) {
    second.Open(directory_, 1, 2);
    std::string got;
    for (int attempt = 0; attempt < 100 && got != "again"; ++attempt) {
      first.Send(PacketTo(1, "again"));
      got = second.Receive(100);
    }
    EXPECT_EQ(got, "again");
    second.link.reset();
  }
  first.link.reset();
  EXPECT_FALSE(std::filesystem::exists(directory_));
}

TEST(LinkAddress, Counts) {
  EXPECT_EQ(LinkAddress(0), "10.55.0.1");
  EXPECT_EQ(LinkAddress(254), "10.55.0.255");
  EXPECT_EQ(LinkAddress(255), "10.55.1.0");
}

}  // namespace
}  // namespace aloft::compute

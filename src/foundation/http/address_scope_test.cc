#include "foundation/http/address_scope.h"

#include <gtest/gtest.h>

namespace aloft::http {
namespace {

// Each notation by which a request could be sent into this machine or its cloud's metadata service.
TEST(AddressScopeTest, KnowsWhatMustNotBeReached) {
  for (const char* address :
       {"127.0.0.1", "127.255.0.3", "::1", "::ffff:127.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::"})
    EXPECT_EQ(ScopeOf(address), AddressScope::kLoopback) << address;
  for (const char* address :
       {"10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "100.64.0.1", "fd00::1", "::ffff:10.0.0.1"})
    EXPECT_EQ(ScopeOf(address), AddressScope::kPrivate) << address;
  for (const char* address :
       {"169.254.169.254", "0.0.0.0", "255.255.255.255", "224.0.0.1", "fe80::1", "ff02::1", "::", "::7f00:1",
        "::ffff:169.254.169.254", "192.0.0.1", "198.18.0.1", "localhost", "", "1.2.3"})
    EXPECT_EQ(ScopeOf(address), AddressScope::kForbidden) << address;
  for (const char* address : {"8.8.8.8", "172.32.0.1", "100.128.0.1", "2606:4700::1111"})
    EXPECT_EQ(ScopeOf(address), AddressScope::kPublic) << address;
}

}  // namespace
}  // namespace aloft::http

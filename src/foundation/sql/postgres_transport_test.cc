#include "foundation/sql/postgres_transport.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

namespace aloft::sql {
namespace {

// What every replica reads and writes must not cross a network to whoever answers there.
TEST(PostgresTransport, AnotherMachineMustProveWhoItIs) {
  for (const char* there :
       {"host=db.example.com dbname=aloft", "host=db sslmode=require", "host=db sslmode=verify-ca",
        "postgresql://aloft@10.0.0.5/aloft", "host=localhost,db", "host=localhost hostaddr=10.0.0.5",
        "host=127.evil.example.com", "postgresql://[2001:db8::1]/aloft?sslmode=prefer"}) {
    Status checked = CheckPostgresTransport(there);
    ASSERT_FALSE(checked.ok()) << there;
    EXPECT_THAT(checked.error().message, testing::HasSubstr("verify-full")) << there;
  }
  for (const char* fine :
       {"", "dbname=aloft", "host=/run/postgresql", "host=localhost", "host=127.0.0.1 password=x", "host=::1",
        "host=db sslmode=verify-full sslrootcert=ca.pem", "postgresql://db/aloft?sslmode=verify-full"})
    EXPECT_TRUE(CheckPostgresTransport(fine).ok()) << fine;
}

// libpq takes from the environment what the string does not say.
TEST(PostgresTransport, TheEnvironmentCounts) {
  ::setenv("PGHOST", "db", 1);
  EXPECT_FALSE(CheckPostgresTransport("dbname=aloft").ok());
  ::setenv("PGSSLMODE", "verify-full", 1);
  EXPECT_TRUE(CheckPostgresTransport("dbname=aloft").ok());
  EXPECT_FALSE(CheckPostgresTransport("dbname=aloft sslmode=prefer").ok());
  ::unsetenv("PGHOST");
  ::unsetenv("PGSSLMODE");
}

// A refusal may be logged; the string may hold a password.
TEST(PostgresTransport, ARefusalTellsNoPassword) {
  for (const char* bad :
       {"host=db password=hunter2", "password=hunter2 'unfinished", "postgresql://u:hunter2@db:x:y/"}) {
    Status checked = CheckPostgresTransport(bad);
    ASSERT_FALSE(checked.ok()) << bad;
    EXPECT_THAT(Describe(checked.error()), testing::Not(testing::HasSubstr("hunter2")));
  }
}

}  // namespace
}  // namespace aloft::sql

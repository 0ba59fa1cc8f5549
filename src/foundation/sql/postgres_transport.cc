#include "foundation/sql/postgres_transport.h"

#include <libpq-fe.h>

#include <map>
#include <memory>

#include "foundation/base/bytes.h"

namespace aloft::sql {
namespace {

struct FreeOptions {
  void operator()(PQconninfoOption* options) const { PQconninfoFree(options); }
};
using Options = std::unique_ptr<PQconninfoOption, FreeOptions>;

void Take(const PQconninfoOption* options, std::map<std::string, std::string>& values) {
  for (; options != nullptr && options->keyword != nullptr; ++options)
    if (options->val != nullptr && *options->val != '\0') values[options->keyword] = options->val;
}

bool IsThisMachine(std::string_view host) {
  return host.empty() || host[0] == '/' || host[0] == '@' || host == "localhost" || host == "::1" ||
         (host.starts_with("127.") && host.find_first_not_of("0123456789.") == std::string_view::npos);
}

}  // namespace

Status CheckPostgresTransport(const std::string& connection) {
  std::map<std::string, std::string> values;
  Options otherwise(PQconndefaults());
  Take(otherwise.get(), values);
  char* problem = nullptr;
  Options given(PQconninfoParse(connection.c_str(), &problem));
  std::unique_ptr<char, decltype(&PQfreemem)> problem_owner(problem, &PQfreemem);
  // What it says may quote the string, and a password with it.
  if (given == nullptr) return Fail(kInvalidArgument, "the connection string of PostgreSQL cannot be understood");
  Take(given.get(), values);
  // Where both are given, the address is where the bytes go.
  const std::string& hosts = values.contains("hostaddr") ? values["hostaddr"] : values["host"];
  if (values["sslmode"] == "verify-full") return {};
  for (std::string_view host : Split(hosts, ','))
    if (!IsThisMachine(host))
      return Fail(kInvalidArgument,
                  "PostgreSQL at " + std::string(host) +
                      " is on another machine: its connection string needs sslmode=verify-full (and sslrootcert; with "
                      "sslcert and sslkey both sides prove who they are). Where the network itself does this, say "
                      "postgres_network_is_trusted = true");
  return {};
}

}  // namespace aloft::sql

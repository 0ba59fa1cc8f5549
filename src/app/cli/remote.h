// Calls a running server's APIs for the command line: JSON in, JSON out, signed as the profile's principal.
#pragma once

#include <boost/json/fwd.hpp>
#include <memory>
#include <string>
#include <string_view>

#include "app/cli/aws_profile.h"
#include "foundation/base/clock.h"
#include "foundation/http/client.h"

namespace aloft::app {

inline constexpr Reason kRemoteRefused{ErrorKind::kInvalid,
                                       "RemoteRefused"};  // the server said no; its words are the message
inline constexpr Reason kRemoteAway{ErrorKind::kUnavailable, "RemoteUnreachable"};  // nobody answers at the endpoint

struct Endpoint {
  http::Destination destination;
  std::string host_header;
};

// "https://127.0.0.1:9710" -> destination. Errors: kInvalidArgument.
Result<Endpoint> ParseEndpoint(std::string_view url);

class Remote {
 public:
  static Result<std::unique_ptr<Remote>> Connect(Profile profile);

  // An AWS JSON 1.1 operation: target "SageMaker.ListTrainingJobs", service "sagemaker".
  Result<boost::json::value> Json(std::string_view service, std::string_view target, const boost::json::value& request);
  // One of the server's own operations: POST /aloft/v1/<operation>.
  Result<boost::json::value> Own(std::string_view operation, const boost::json::value& request);
  // The same for those that take no signature: signing in.
  Result<boost::json::value> Unsigned(std::string_view operation, const boost::json::value& request);

  // An operation of the query protocol: its form; and a GET of S3: path and query. The answers are XML. Of a refusal
  // the message holds the code, too.
  Result<std::string> Query(std::string_view service, std::string form);
  Result<std::string> Get(std::string_view service, std::string target);
  // The first without a signature: what proves who asks is in the form.
  Result<std::string> UnsignedQuery(std::string form);

  const Profile& profile() const { return profile_; }

 private:
  Remote(Profile profile, Endpoint endpoint, std::unique_ptr<http::Client> client);
  // Signed, and as it is.
  Result<http::ClientResponse> Send(std::string_view service, std::string method, std::string target,
                                    http::Headers headers, std::string body);
  Result<http::ClientResponse> Exchange(std::string method, std::string target, http::Headers headers,
                                        std::string body);
  Result<boost::json::value> Call(std::string_view service, std::string path, http::Headers headers, std::string body);

  Profile profile_;
  Endpoint endpoint_;
  std::unique_ptr<http::Client> client_;
  SystemClock clock_;
};

// The server that a profile names; without one the program ends, and says why.
std::unique_ptr<Remote> Connect(const std::string& profile);

// A member of an answer; empty where it is absent or no string.
std::string Text(const boost::json::object& object, std::string_view member);

}  // namespace aloft::app

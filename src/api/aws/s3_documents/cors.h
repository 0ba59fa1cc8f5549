// Whether a bucket lets a page of another origin use it:
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/cors.html
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "foundation/codec/xml.h"

namespace aloft::api::s3::documents {

struct CorsRule {
  std::vector<std::string> origins;
  std::vector<std::string> methods;
  std::vector<std::string> headers;
  std::vector<std::string> exposed;
  std::optional<std::uint64_t> max_age;  // seconds
};

// Of a checked CORSConfiguration.
std::vector<CorsRule> ReadCors(const codec::XmlElement& root);

// The first rule that allows `method` from `origin` with all of `headers` ("a, b"; a preflight's wish); null where none
// does.
const CorsRule* FindCors(const std::vector<CorsRule>& rules, std::string_view origin, std::string_view method,
                         std::string_view headers = {});

// "*" where the rule allows every origin, else the origin itself.
std::string AllowedOrigin(const CorsRule& rule, std::string_view origin);

}  // namespace aloft::api::s3::documents

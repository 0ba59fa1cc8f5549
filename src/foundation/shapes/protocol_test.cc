// botocore's protocol cases as the oracle: what its clients send must decode to what the caller meant, and what we
// answer must be what they expect. protocol_cases_unsupported.txt lists the cases that we do not pass, with reasons.
#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>
#include <set>
#include <sstream>

#include "foundation/base/bytes.h"
#include "foundation/base/check.h"
#include "foundation/codec/base64.h"
#include "foundation/codec/json.h"
#include "foundation/shapes/cbor.h"
#include "foundation/shapes/compare_test.h"
#include "foundation/shapes/dynamic_model_test.h"
#include "foundation/shapes/json.h"
#include "foundation/shapes/query.h"
#include "foundation/shapes/rest.h"

namespace aloft::shapes {
namespace {

namespace bj = boost::json;
using Failure = std::optional<std::string>;  // absent: passed

std::string ReadFile(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

std::string Text(const bj::object& object, std::string_view name) {
  const bj::value* value = object.if_contains(name);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
}

std::vector<std::pair<std::string, std::string>> HeadersOf(const bj::object& message) {
  std::vector<std::pair<std::string, std::string>> headers;
  if (const bj::value* given = message.if_contains("headers"))
    for (const auto& [name, value] : given->as_object())
      headers.emplace_back(name, value.is_string() ? std::string(value.get_string()) : bj::serialize(value));
  return headers;
}

Failure CompareJson(std::string_view expected, std::string_view actual) {
  auto a = codec::ParseJson(expected.empty() ? "{}" : expected), b = codec::ParseJson(actual.empty() ? "{}" : actual);
  if (!a.ok() || !b.ok() || !Same(*a, *b)) return "expected " + std::string(expected) + " got " + std::string(actual);
  return std::nullopt;
}

class Case {
 public:
  Case(std::string protocol, DynamicModel& model, const bj::object& json)
      : protocol_(std::move(protocol)),
        model_(model),
        json_(json),
        operation_(model.AddOperation(json.at("given").as_object())) {}

  Failure Input() {
    const bj::object& request = json_.at("serialized").as_object();
    const Shape& shape = *operation_.input;
    DynamicValue actual = MakeDynamic(shape);
    if (Status status = Decode(request, actual.get()); !status.ok()) return aloft::Describe(status.error());
    const bj::value* parameters = json_.if_contains("params");
    DynamicValue expected = model_.FromParameters(shape, parameters != nullptr ? *parameters : bj::object());
    return CompareJson(Canonical(shape, expected.get()), Canonical(shape, actual.get()));
  }

  Failure Output() {
    const bj::object& response = json_.at("response").as_object();
    DynamicValue value = model_.FromParameters(*operation_.output, json_.at("result"));
    std::string expected = Text(response, "body"), actual;
    if (protocol_ == "json") {
      EncodeJson(*operation_.output, value.get(), actual);
      return CompareOutput(*operation_.output, expected, actual, {});
    }
    if (protocol_ == "query") return OutputQuery(value.get(), expected);
    if (protocol_ == "smithy-rpc-v2-cbor") return OutputCbor(value.get(), expected);
    return OutputRest(value.get(), response, expected);
  }

 private:
  static std::string Canonical(const Shape& shape, const void* value) {
    std::string text;
    EncodeJson(shape, value, text, JsonOptions{.micros = true});
    return text;
  }

  // Some cases show what a client must put up with, which we never send: nulls, time zones, "__type". Then it counts
  // that both bodies read the same.
  static Failure CompareOutput(const Shape& shape, const std::string& expected, const std::string& actual,
                               const JsonOptions& options) {
    Failure failure = CompareJson(expected, actual);
    DynamicValue a = MakeDynamic(shape), b = MakeDynamic(shape);
    if (!failure || !DecodeJsonText(shape, expected, a.get(), options).ok() ||
        !DecodeJsonText(shape, actual, b.get(), options).ok())
      return failure;
    static_cast<DynamicStructure*>(a.get())->unknown = {};
    return CompareJson(Canonical(shape, a.get()), Canonical(shape, b.get())) ? failure : std::nullopt;
  }

  Status Decode(const bj::object& request, void* out) {
    std::string body = Text(request, "body"), uri = Text(request, "uri");
    if (protocol_ == "json") return DecodeJsonText(*operation_.input, body, out);
    if (protocol_ == "smithy-rpc-v2-cbor") return DecodeCbor(*operation_.input, *codec::Base64Decode(body), out);
    if (protocol_ == "query") {
      // Legacy cases write the form as an object.
      if (const bj::value* form = request.if_contains("body"); form != nullptr && form->is_object()) {
        codec::Query query;
        for (const auto& [name, value] : form->get_object())
          query.emplace_back(name, value.is_string() ? std::string(value.get_string()) : bj::serialize(value));
        return DecodeQuery(*operation_.input, query, out);
      }
      return DecodeQuery(*operation_.input, *codec::ParseQuery(body), out);
    }
    auto headers = HeadersOf(request);
    std::size_t mark = uri.find('?');
    std::string path = uri.substr(0, mark), query = mark == std::string::npos ? "" : uri.substr(mark + 1);
    return DecodeRest(operation_, {path, query, &headers, body}, out);
  }

  Failure OutputQuery(const void* value, const std::string& expected) {
    std::string actual;
    EncodeQuery(model_.service(), operation_, value, "id", actual);
    auto a = codec::ParseXml(expected), b = codec::ParseXml(actual);
    if (!a.ok() || !b.ok() || !Same(*a, *b)) return "expected " + expected + " got " + actual;
    return std::nullopt;
  }

  Failure OutputCbor(const void* value, const std::string& expected) {
    std::string actual;
    EncodeCbor(*operation_.output, value, actual);
    auto bytes = codec::Base64Decode(expected);
    auto a = codec::ParseCbor(bytes && !bytes->empty() ? *bytes : "\xa0"), b = codec::ParseCbor(actual);
    if (!a.ok() || !b.ok()) return "no CBOR";
    if (Same(*a, *b)) return std::nullopt;
    DynamicValue x = MakeDynamic(*operation_.output), y = MakeDynamic(*operation_.output);
    if (!DecodeCbor(*operation_.output, *bytes, x.get()).ok() || !DecodeCbor(*operation_.output, actual, y.get()).ok())
      return "expected " + expected + " got " + codec::Base64Encode(actual);
    return CompareJson(Canonical(*operation_.output, x.get()), Canonical(*operation_.output, y.get()));
  }

  Failure OutputRest(const void* value, const bj::object& response, const std::string& expected) {
    RestResponse actual = EncodeRest(operation_, value);
    for (const auto& [name, text] : HeadersOf(response)) {
      bool found = ToLower(name).starts_with("content-");  // the connection's own
      for (const auto& [other, sent] : actual.headers) found = found || (EqualsIgnoreCase(name, other) && text == sent);
      if (!found) return "header " + name + ": " + text + " is missing";
    }
    if (const bj::value* status = response.if_contains("status_code"); status && status->as_int64() != actual.status)
      return "status " + std::to_string(actual.status);
    const Shape& shape = *operation_.output;
    if (shape.payload == Shape::kNoPayload)
      return CompareOutput(shape, expected, actual.body, {.wire_names = true, .body_only = true});
    const Shape& payload = *shape.members[static_cast<std::size_t>(shape.payload)].shape;
    if (payload.kind != Kind::kBlob && payload.kind != Kind::kString)
      return CompareOutput(payload, expected, actual.body, {.wire_names = true});
    return expected == actual.body ? Failure() : Failure("expected " + expected + " got " + actual.body);
  }

  std::string protocol_;
  DynamicModel& model_;
  const bj::object& json_;
  const OperationModel& operation_;
};

struct Tally {
  int passed = 0, unsupported = 0;
};

struct Results {
  std::map<std::string, Tally> tallies;  // "json input"
  std::map<std::string, std::string> failures;
};

void RunFile(const std::filesystem::path& path, bool input, const std::string& prefix, Results& results) {
  bj::value suites = *codec::ParseJson(ReadFile(path));
  for (const bj::value& item : suites.as_array()) {
    const bj::object& suite = item.as_object();
    std::string protocol = Text(suite.at("metadata").as_object(), "protocol");
    DynamicModel model(suite);
    int number = 0;
    for (const bj::value& each : suite.at("cases").as_array()) {
      const bj::object& json = each.as_object();
      std::string name =
          Text(json, "id").empty() ? Text(suite, "description") + "#" + std::to_string(number) : Text(json, "id");
      ++number;
      if (!input && !json.contains("result")) continue;  // an error: api/aws_common makes and tests those
      Failure failure;
      try {
        Case test(protocol, model, json);
        failure = input ? test.Input() : test.Output();
      } catch (const std::exception& exception) {  // a case that is not what the loader takes
        failure = exception.what();
      }
      Tally& tally = results.tallies[protocol + (input ? " input" : " output")];
      if (failure) {
        ++tally.unsupported;
        results.failures[prefix + "/" + name] = *failure;
      } else {
        ++tally.passed;
      }
    }
  }
}

std::map<std::string, std::string> ReadUnsupported() {
  std::map<std::string, std::string> unsupported;
  std::istringstream lines(ReadFile(ALOFT_UNSUPPORTED_CASES));
  for (std::string line; std::getline(lines, line);) {
    if (line.empty() || line[0] == '#') continue;
    std::size_t bar = line.find(" | ");
    ALOFT_CHECK(bar != std::string::npos);
    unsupported[line.substr(0, bar)] = line.substr(bar + 3);
  }
  return unsupported;
}

// The clients are the specification: a case that fails without a reason in the list is a bug of ours.
TEST(Protocol, BotocoreCases) {
  std::filesystem::path root = ALOFT_PROTOCOL_CASES;
  ASSERT_TRUE(std::filesystem::exists(root / "input"))
      << "run: build/venv/bin/python tools/fetch_protocol_cases.py " << root;
  Results results;
  for (std::string folder : {"input", "output", "legacy/input", "legacy/output"})
    for (std::string file :
         {"json", "json_1_0", "json_1_0-query-compatible", "query", "rest-json", "smithy-rpc-v2-cbor",
          "smithy-rpc-v2-cbor-non-query-compatible", "smithy-rpc-v2-cbor-query-compatible"})
      if (auto path = root / folder / (file + ".json"); std::filesystem::exists(path))
        RunFile(path, folder.ends_with("input"), folder + "/" + file, results);

  auto unsupported = ReadUnsupported();
  for (const auto& [name, failure] : results.failures)
    EXPECT_TRUE(unsupported.contains(name)) << name << ": " << failure;
  for (const auto& [name, reason] : unsupported)
    EXPECT_TRUE(results.failures.contains(name)) << name << " passes now; take it off the list";
  int passed = 0, total = 0;
  for (const auto& [name, tally] : results.tallies) {
    std::cout << "botocore cases, " << name << ": " << tally.passed << " of " << tally.passed + tally.unsupported
              << "\n";
    passed += tally.passed;
    total += tally.passed + tally.unsupported;
  }
  std::cout << "botocore cases: " << passed << " of " << total << " pass\n";
  EXPECT_GT(total, 400);
}

}  // namespace
}  // namespace aloft::shapes

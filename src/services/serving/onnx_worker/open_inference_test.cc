#include "services/serving/onnx_worker/open_inference.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>

namespace aloft::onnx_worker {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

const std::vector<Input> kInput{{"X", {-1, 2}, "FP32"}};

std::string Bytes(std::vector<float> values) {
  return std::string(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float));
}

std::string ErrorOf(std::string_view body, std::string_view length = {}) {
  auto request = DecodeTensors(kInput, body, length);
  return request.ok() ? "ok" : request.error().message;
}

// Flat and nested JSON are the same elements; what is asked of the outputs is kept.
TEST(OpenInference, Json) {
  for (const char* data : {"[1, 2, 3, 4]", "[[1, 2], [3.0, 4]]"}) {
    std::string body = R"({"id": "7", "inputs": [{"name": "X", "datatype": "FP32", "shape": [2, 2], "data": )" +
                       std::string(data) + R"(}], "outputs": [{"name": "y", "parameters": {"binary_data": true}}]})";
    auto request = DecodeTensors(kInput, body, "");
    ASSERT_TRUE(request.ok()) << Describe(request.error());
    EXPECT_THAT(request->rows[0].values, ElementsAre(1, 2, 3, 4));
    EXPECT_EQ(request->id, "7");
    EXPECT_TRUE(request->outputs.at(0).binary);
  }
}

// Binary tensors lie behind the JSON, whose length a header says; every way of not fitting is refused.
TEST(OpenInference, Binary) {
  std::string head =
      R"({"inputs": [{"name": "X", "datatype": "FP32", "shape": [1, 2], "parameters": {"binary_data_size": 8}}]})";
  std::string length = std::to_string(head.size());
  auto request = DecodeTensors(kInput, head + Bytes({1.5, -2}), length);
  ASSERT_TRUE(request.ok()) << Describe(request.error());
  EXPECT_THAT(request->rows[0].values, ElementsAre(1.5, -2));
  EXPECT_THAT(ErrorOf(head + Bytes({1.5}), length), HasSubstr("cut off"));
  EXPECT_THAT(ErrorOf(head + Bytes({1, 2, 3}), length), HasSubstr("too long"));
  EXPECT_THAT(ErrorOf(head, "99999"), HasSubstr("Inference-Header-Content-Length"));
  EXPECT_THAT(ErrorOf(head, "-1"), HasSubstr("Inference-Header-Content-Length"));
  EXPECT_THAT(ErrorOf(head + Bytes({1, 2})), HasSubstr("not valid JSON"));
}

// Wrong name, type, shape or count is the caller's error, and says what was expected.
TEST(OpenInference, Refusals) {
  auto with = [](const std::string& tensor) { return ErrorOf(R"({"inputs": [{)" + tensor + "}]}"); };
  EXPECT_THAT(with(R"("name": "Y", "datatype": "FP32", "shape": [1, 2], "data": [1, 2])"), HasSubstr("it has X"));
  EXPECT_THAT(with(R"("name": "X", "datatype": "INT64", "shape": [1, 2], "data": [1, 2])"), HasSubstr("is FP32"));
  EXPECT_THAT(with(R"("name": "X", "datatype": "FP32", "shape": [1, 2], "data": [1])"), HasSubstr("2 elements"));
  EXPECT_THAT(with(R"("name": "X", "datatype": "FP32", "shape": [-1], "data": [1])"), HasSubstr("no list of sizes"));
  EXPECT_THAT(with(R"("name": "X", "datatype": "FP32", "shape": [4294967296, 4294967296], "data": [])"),
              HasSubstr("too large"));
  EXPECT_THAT(with(R"("name": "X", "datatype": "FP32", "shape": [1, 2], "data": ["a", 2])"), HasSubstr("datatype"));
  EXPECT_THAT(ErrorOf("[]"), HasSubstr("no JSON object"));
  EXPECT_THAT(ErrorOf("{}"), HasSubstr("no inputs"));
}

// Several inputs, in any order and each in its own form; integers beyond 2^53 stay exact.
TEST(OpenInference, SeveralInputs) {
  const std::vector<Input> inputs = {{"a", {-1}, "INT64"}, {"b", {-1, 2}, "FP32"}, {"c", {-1}, "BYTES"}};
  std::string head =
      R"({"inputs": [{"name": "c", "datatype": "BYTES", "shape": [2], "parameters": {"binary_data_size": 11}},)"
      R"({"name": "b", "datatype": "FP32", "shape": [1, 2], "data": [1.5, 2]},)"
      R"({"name": "a", "datatype": "INT64", "shape": [1], "parameters": {"binary_data_size": 8}}]})";
  std::int64_t large = (std::int64_t{1} << 53) + 1;
  std::string bytes("\1\0\0\0x\2\0\0\0yz", 11);
  bytes.append(reinterpret_cast<const char*>(&large), sizeof large);
  auto request = DecodeTensors(inputs, head + bytes, std::to_string(head.size()));
  ASSERT_TRUE(request.ok()) << Describe(request.error());
  EXPECT_THAT(request->rows[0].integers, ElementsAre(large));
  EXPECT_THAT(request->rows[1].values, ElementsAre(1.5, 2));
  EXPECT_THAT(request->rows[2].texts, ElementsAre("x", "yz"));
  EXPECT_FALSE(DecodeTensors(inputs, head + bytes.substr(0, 18), std::to_string(head.size())).ok());
  EXPECT_FALSE(DecodeTensors(inputs, head + bytes + "x", std::to_string(head.size())).ok());
  std::string one = R"({"inputs": [{"name": "a", "datatype": "INT64", "shape": [1], "data": [1]}]})";
  EXPECT_THAT(DecodeTensors(inputs, one, "").error().message, HasSubstr("no input b"));
}

// Answers: as JSON, as bytes, in the order that was asked for; an output that is not there is refused.
TEST(OpenInference, Answers) {
  std::vector<Output> outputs(2);
  outputs[0] = {"label", {2}, std::vector<std::string>{"a", "bc"}, {}};
  outputs[1] = {"p", {2, 1}, std::vector<float>{0.5, 1}, {}};
  TensorRequest request;
  auto all = EncodeTensors("m", request, outputs);
  EXPECT_EQ(all->body, R"({"model_name":"m","model_version":"1","outputs":[)"
                       R"({"name":"label","datatype":"BYTES","shape":[2],"data":["a","bc"]},)"
                       R"({"name":"p","datatype":"FP32","shape":[2,1],"data":[0.5,1.0]}]})");
  EXPECT_FALSE(all->json_length);
  request.outputs = {{"p", true}, {"label", true}};
  auto binary = EncodeTensors("m", request, outputs);
  std::string tail = binary->body.substr(*binary->json_length);
  EXPECT_EQ(tail, Bytes({0.5, 1}) + std::string("\1\0\0\0a\2\0\0\0bc", 11));
  request.outputs = {{"q", false}};
  EXPECT_FALSE(EncodeTensors("m", request, outputs).ok());
  EXPECT_THAT(DescribeModel("m", kInput, outputs), HasSubstr(R"({"name":"p","datatype":"FP32","shape":[-1,1]})"));
}

// Paths with and without the one version there is.
TEST(OpenInference, Paths) {
  EXPECT_EQ(ParseTensorPath("/v2/models/m/infer")->what, TensorPath::What::kInfer);
  EXPECT_EQ(ParseTensorPath("/v2/models/m/versions/1/ready")->what, TensorPath::What::kReady);
  EXPECT_EQ(ParseTensorPath("/v2/models/m")->model, "m");
  EXPECT_FALSE(ParseTensorPath("/v2/models/m/versions/2/infer").ok());
  EXPECT_FALSE(ParseTensorPath("/v2/models/m/config").ok());
}

}  // namespace
}  // namespace aloft::onnx_worker

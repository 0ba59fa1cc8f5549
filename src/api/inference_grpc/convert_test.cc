#include "api/inference_grpc/convert.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <open_inference.pb.h>

namespace aloft::inference_grpc {
namespace {

using testing::HasSubstr;

inference::ModelInferRequest Request() {
  inference::ModelInferRequest request;
  request.set_id("7");
  auto* input = request.add_inputs();
  input->set_name("X");
  input->set_datatype("FP32");
  input->add_shape(1);
  input->add_shape(2);
  return request;
}

// Typed and raw contents are the same bytes behind the JSON.
TEST(Convert, Requests) {
  inference::ModelInferRequest typed = Request(), raw = Request();
  typed.mutable_inputs(0)->mutable_contents()->add_fp32_contents(1.5);
  typed.mutable_inputs(0)->mutable_contents()->add_fp32_contents(-2);
  const float values[] = {1.5, -2};
  raw.add_raw_input_contents(values, sizeof values);
  auto a = ToRest(typed), b = ToRest(raw);
  ASSERT_TRUE(a.ok() && b.ok());
  EXPECT_EQ(a->body, b->body);
  EXPECT_EQ(a->body.substr(0, a->json_length),
            R"({"id":"7","parameters":{"binary_data_output":true},"inputs":[{"name":"X","datatype":"FP32",)"
            R"("shape":[1,2],"parameters":{"binary_data_size":8}}]})");
  EXPECT_EQ(a->body.size(), a->json_length + 8);
}

// What does not fit is the caller's error.
TEST(Convert, BadRequests) {
  inference::ModelInferRequest two = Request();
  two.add_raw_input_contents("a");
  two.add_raw_input_contents("b");
  EXPECT_THAT(ToRest(two).error().message, HasSubstr("raw contents of 2"));
  inference::ModelInferRequest both = Request();
  both.mutable_inputs(0)->mutable_contents()->add_fp32_contents(1);
  both.add_raw_input_contents("a");
  EXPECT_FALSE(ToRest(both).ok());
  inference::ModelInferRequest half = Request();
  half.mutable_inputs(0)->set_datatype("FP16");
  EXPECT_THAT(ToRest(half).error().message, HasSubstr("raw_input_contents"));
}

// Names become a path: what could not be an endpoint's name never does.
TEST(Convert, Paths) {
  EXPECT_EQ(*ModelPath("e-1", "", "/infer"), "/v2/models/e-1/infer");
  EXPECT_EQ(*ModelPath("e", "1", ""), "/v2/models/e/versions/1");
  for (const char* bad : {"", "../x", "a/b", "a b", "a?b", "a%2fb"}) EXPECT_FALSE(ModelPath(bad, "", "").ok()) << bad;
  EXPECT_FALSE(ModelPath("e", "1/../2", "").ok());
}

// Answers: bytes by output; whatever is missing is an error, never a guess.
TEST(Convert, Answers) {
  std::string json = R"({"model_name":"m","model_version":"1","outputs":[{"name":"y","datatype":"INT64","shape":[1],)"
                     R"("parameters":{"binary_data_size":8}}]})";
  inference::ModelInferResponse response;
  ASSERT_TRUE(FromRest(json + "12345678", std::to_string(json.size()), response).ok());
  EXPECT_EQ(response.raw_output_contents(0), "12345678");
  EXPECT_EQ(response.outputs(0).shape(0), 1);
  for (const std::string& bad : {json + "1234567", std::string("{}"), std::string("x")}) {
    inference::ModelInferResponse other;
    EXPECT_FALSE(FromRest(bad, std::to_string(std::min(bad.size(), json.size())), other).ok()) << bad;
  }
  inference::ModelMetadataResponse metadata;
  ASSERT_TRUE(
      FromRest(R"({"name":"m","versions":["1"],"inputs":[{"name":"X","datatype":"FP32","shape":[-1,4]}]})", metadata)
          .ok());
  EXPECT_EQ(metadata.inputs(0).shape(1), 4);
  EXPECT_EQ(ErrorText(R"({"error":"why"})"), "why");
}

}  // namespace
}  // namespace aloft::inference_grpc

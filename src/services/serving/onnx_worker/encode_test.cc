#include "services/serving/onnx_worker/encode.h"

#include <gtest/gtest.h>

namespace aloft::onnx_worker {
namespace {

Output Labels() {
  Output output;
  output.name = "label";
  output.shape = {2};
  output.values = std::vector<std::int64_t>{0, 2};
  return output;
}

Output Probabilities() {
  Output output;
  output.name = "probabilities";
  output.shape = {2, 2};
  output.values = std::vector<float>{0.1f, 0.9f, 1, 0};
  return output;
}

// The documented form of a classifier's answer.
TEST(Encode, JsonOfAClassifier) {
  EXPECT_EQ(Encode(Format::kJson, {Labels(), Probabilities()}),
            R"({"predictions":[0,2],"probabilities":[[0.1,0.9],[1,0]]})");
  Output named = Probabilities();
  named.classes = std::vector<std::string>{"a", "b\""};
  EXPECT_EQ(Encode(Format::kJson, {Labels(), named}),
            R"({"predictions":[0,2],"probabilities":[[0.1,0.9],[1,0]],"classes":["a","b\""]})");
}

// A regressor gives a column, which reads as a list; further outputs stand by name.
TEST(Encode, JsonOfOtherModels) {
  Output column;
  column.name = "variable";
  column.shape = {2, 1};
  column.values = std::vector<float>{1.5f, 2};
  EXPECT_EQ(Encode(Format::kJson, {column}), R"({"predictions":[1.5,2]})");
  Output more = Labels();
  more.name = "extra";
  EXPECT_EQ(Encode(Format::kJson, {column, more}), R"({"predictions":[1.5,2],"outputs":{"extra":[0,2]}})");
}

// JSON has no NaN; half an answer that clients cannot parse would be worse.
TEST(Encode, NotANumberIsNull) {
  Output output;
  output.shape = {2};
  output.values = std::vector<float>{0.0f / 0.0f, 1};
  EXPECT_EQ(Encode(Format::kJson, {output}), R"({"predictions":[null,1]})");
}

// CSV holds the predictions alone, quoted where it must be.
TEST(Encode, Csv) {
  EXPECT_EQ(Encode(Format::kCsv, {Labels(), Probabilities()}), "0\n2\n");
  EXPECT_EQ(Encode(Format::kCsv, {Probabilities()}), "0.1,0.9\n1,0\n");
  Output texts;
  texts.shape = {2};
  texts.values = std::vector<std::string>{"a,b", "c"};
  EXPECT_EQ(Encode(Format::kCsv, {texts}), "\"a,b\"\nc\n");
}

// NumPy wants its data aligned to 64 bytes and the header ended by a newline.
TEST(Encode, Npy) {
  std::string npy = Encode(Format::kNpy, {Labels()});
  ASSERT_GT(npy.size(), 16u);
  EXPECT_EQ((npy.size() - 16) % 64, 0u);
  EXPECT_EQ(npy[npy.size() - 17], '\n');
  EXPECT_NE(npy.find("{'descr': '<i8', 'fortran_order': False, 'shape': (2, ), }"), std::string::npos);
}

// Quality first, then order; what nobody writes is refused.
TEST(ChooseFormat, Accept) {
  EXPECT_EQ(*ChooseFormat(""), Format::kJson);
  EXPECT_EQ(*ChooseFormat("*/*"), Format::kJson);
  EXPECT_EQ(*ChooseFormat("text/csv;q=0.5, application/x-npy"), Format::kNpy);
  EXPECT_EQ(*ChooseFormat("image/png, text/csv"), Format::kCsv);
  EXPECT_EQ(ChooseFormat("image/png").error().reason, kNotAcceptable);
  EXPECT_FALSE(ChooseFormat("text/csv;q=0").ok());
}

}  // namespace
}  // namespace aloft::onnx_worker

#include "api/aws/s3_wire/form.h"

#include <gtest/gtest.h>

#include "api/aws/s3_wire/errors.h"

namespace aloft::api::s3 {
namespace {

struct Read {
  std::string reason;  // empty where the form was read
  std::string file;
  documents::FormFields fields;
  bool operator==(const Read&) const = default;
};

std::string Field(std::string_view name, std::string_view value, std::string_view more = "") {
  return "--b\r\nContent-Disposition: form-data; name=\"" + std::string(name) + "\"" + std::string(more) + "\r\n\r\n" +
         std::string(value) + "\r\n";
}

Read ReadForm(std::string_view body, std::size_t piece) {
  Read out;
  FormReader reader("b");
  Status status;
  for (; status.ok() && !body.empty(); body.remove_prefix(std::min(piece, body.size())))
    status = reader.Feed(
        body.substr(0, piece), [] { return Status(); },
        [&](std::string_view bytes) {
          out.file += bytes;
          return Status();
        });
  if (status.ok()) status = reader.Finish();
  if (!status.ok()) out.reason = status.error().reason.name;
  out.fields = reader.fields();
  return out;
}

// The network cuts a form anywhere: no cut changes what it says.
TEST(Form, MeansTheSameInAnyPieces) {
  const std::string body = Field("key", "a\r\n--not the end") + Field("file", "\r\n-\r\n--x", "; filename=\"f\"") +
                           Field("later", "v") + "--b--";
  const Read whole = ReadForm(body, body.size());
  EXPECT_EQ(whole.reason, "");
  EXPECT_EQ(whole.file, "\r\n-\r\n--x");
  EXPECT_EQ(whole.fields, (documents::FormFields{{"key", "a\r\n--not the end"}}));
  for (std::size_t piece = 1; piece < body.size(); ++piece) EXPECT_EQ(ReadForm(body, piece), whole) << piece;
}

// Fields are refused by their size, names counted, and not by where a packet happened to end.
TEST(Form, LimitsFieldsAlikeInAnyPieces) {
  const std::string longest(kMaxFormFields - 3, 'v');
  for (const std::size_t piece : {1u << 20, 1000u, 7u}) {
    const Read fits = ReadForm(Field("key", longest) + Field("file", "x") + "--b--", piece);
    EXPECT_EQ(fits.reason, "") << piece;
    EXPECT_EQ(fits.fields.at(0).second, longest);
    EXPECT_EQ(ReadForm(Field("key", longest + "v") + Field("file", "x") + "--b--", piece).reason,
              kFormFieldsTooLarge.name)
        << piece;
  }
}

// The same for the lines above a field.
TEST(Form, LimitsHeadersAlikeInAnyPieces) {
  const std::string fits = Field("key", "v", "; x=" + std::string(20'000, 'x')) + Field("file", "x") + "--b--";
  const std::string large = Field("key", "v", "; x=" + std::string(20'500, 'x')) + Field("file", "x") + "--b--";
  for (const std::size_t piece : {1u << 20, 1000u, 7u}) {
    EXPECT_EQ(ReadForm(fits, piece).reason, "") << piece;
    EXPECT_EQ(ReadForm(large, piece).reason, kMalformedForm.name) << piece;
  }
}

// What follows the file is passed over, as S3 does, however large it is: the limit is on what precedes it.
TEST(Form, PassesOverWhatFollowsTheFile) {
  const std::string body = Field("file", "content") + Field("later", std::string(3 * kMaxFormFields, 'v')) +
                           Field("file", "another") + "--b--";
  const Read read = ReadForm(body, 4096);
  EXPECT_EQ(read.reason, "");
  EXPECT_EQ(read.file, "content");
  EXPECT_TRUE(read.fields.empty());
}

// A form that stops in the middle, or has no file, is no upload.
TEST(Form, MustEndAndHoldAFile) {
  EXPECT_EQ(ReadForm(Field("key", "a") + "--b--", 10).reason, kInvalidArgument.name);
  EXPECT_EQ(ReadForm(Field("file", "content"), 10).reason, kMalformedForm.name);
  EXPECT_EQ(ReadForm("no form at all", 3).reason, kMalformedForm.name);
}

}  // namespace
}  // namespace aloft::api::s3

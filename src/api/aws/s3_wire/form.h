// The body of a browser's form (multipart/form-data), read as it streams: small fields first, then the file.
// https://www.rfc-editor.org/rfc/rfc7578
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "api/aws/s3_documents/post_policy.h"
#include "foundation/base/result.h"

namespace aloft::api::s3 {

inline constexpr std::size_t kMaxFormFields = 20 * 1024;  // bytes before the file, as in S3

// The boundary of a Content-Type; empty where it is no form.
std::string FormBoundary(std::string_view content_type);

class FormReader {
 public:
  explicit FormReader(const std::string& boundary);

  // `begin` is called once, before the file's first byte, when all fields before it are known; `take` with each piece
  // of the file. Fields after the file are passed over. kInvalidRequest where this is no form; kInvalidArgument where
  // the fields are too large; what the functions return.
  Status Feed(std::string_view bytes, const std::function<Status()>& begin,
              const std::function<Status(std::string_view)>& take);
  // kInvalidRequest where the form has not ended; kInvalidArgument where it had no file.
  Status Finish() const;

  const documents::FormFields& fields() const { return fields_; }
  const std::string& filename() const { return filename_; }

 private:
  enum class State { kStart, kDelimited, kHeaders, kField, kFile, kEnd };

  Status ReadHeaders(std::string_view text);
  // Up to the next delimiter, which goes too; false where more bytes are needed.
  bool TakeDelimiter(std::string_view& content);
  // Bytes of the buffer that no delimiter begins in: the others wait for the next piece.
  std::size_t Sure() const;

  std::string delimiter_;  // "\r\n--boundary"
  std::string buffer_;
  State state_ = State::kStart;
  std::string name_;
  std::string filename_;
  std::size_t field_bytes_ = 0;
  bool has_file_ = false;
  bool in_first_file_ = false;
  documents::FormFields fields_;
};

}  // namespace aloft::api::s3

#include "api/aws/s3_wire/form.h"

#include "api/aws/s3_wire/errors.h"
#include "foundation/base/bytes.h"

namespace aloft::api::s3 {
namespace {

Error Malformed() {
  return Fail(kMalformedForm, "The body of your POST request is not well-formed multipart/form-data.");
}

// The value of `name` in `form-data; name="key"; filename="a.txt"`.
std::string Parameter(std::string_view header, std::string_view name) {
  std::string key = "; " + std::string(name) + "=";
  auto at = ToLower(header).find(key);
  if (at == std::string::npos) return {};
  std::string_view value = header.substr(at + key.size());
  if (!value.starts_with('"')) return std::string(value.substr(0, value.find(';')));
  std::string out;
  for (std::size_t i = 1; i < value.size() && value[i] != '"'; ++i) {
    if (value[i] == '\\' && i + 1 < value.size()) ++i;
    out += value[i];
  }
  return out;
}

}  // namespace

std::string FormBoundary(std::string_view content_type) {
  if (!ToLower(content_type).starts_with("multipart/form-data")) return {};
  std::string normal(content_type);
  for (std::size_t at = 0; (at = normal.find(';', at)) != std::string::npos; ++at)
    if (at + 1 < normal.size() && normal[at + 1] != ' ') normal.insert(at + 1, 1, ' ');
  std::string boundary = Parameter(normal, "boundary");
  return boundary.size() > 200 ? std::string() : boundary;
}

FormReader::FormReader(const std::string& boundary) : delimiter_("\r\n--" + boundary), buffer_("\r\n") {}

bool FormReader::TakeDelimiter(std::string_view& content) {
  auto at = buffer_.find(delimiter_);
  if (at == std::string::npos) return false;
  content = std::string_view(buffer_).substr(0, at);
  return true;
}

std::size_t FormReader::Sure() const {
  return buffer_.size() - std::min(buffer_.size(), delimiter_.size() - 1);
}

Status FormReader::ReadHeaders(std::string_view text) {
  name_.clear();
  for (std::string_view line : Split(text, '\n')) {
    line = Trim(line);
    if (!ToLower(line).starts_with("content-disposition:")) continue;
    name_ = ToLower(Parameter(line, "name"));
    if (name_ == "file" && !has_file_) filename_ = Parameter(line, "filename");
  }
  return name_.empty() ? Status(Malformed()) : Status();
}

Status FormReader::Feed(std::string_view bytes, const std::function<Status()>& begin,
                        const std::function<Status(std::string_view)>& take) {
  if (state_ == State::kEnd) return {};
  buffer_ += bytes;
  while (true) {
    std::string_view content;
    switch (state_) {
      case State::kStart:
        if (buffer_.size() < delimiter_.size()) return {};
        if (!buffer_.starts_with(delimiter_)) return Malformed();
        buffer_.erase(0, delimiter_.size());
        state_ = State::kDelimited;
        break;
      case State::kDelimited:
        if (buffer_.size() < 2) return {};
        if (buffer_.starts_with("--")) {
          state_ = State::kEnd;
          buffer_.clear();
          return {};
        }
        if (!buffer_.starts_with("\r\n")) return Malformed();
        buffer_.erase(0, 2);
        state_ = State::kHeaders;
        break;
      case State::kHeaders: {
        auto end = buffer_.find("\r\n\r\n");
        // The last three bytes may begin the blank line.
        if (end == std::string::npos) return buffer_.size() > kMaxFormFields + 3 ? Status(Malformed()) : Status();
        if (end > kMaxFormFields) return Malformed();
        ALOFT_TRY(ReadHeaders(std::string_view(buffer_).substr(0, end)));
        buffer_.erase(0, end + 4);
        in_first_file_ = name_ == "file" && !has_file_;
        state_ = name_ == "file" || has_file_ ? State::kFile : State::kField;  // what follows the file is passed over
        if (in_first_file_) {
          has_file_ = true;
          ALOFT_TRY(begin());
        }
        break;
      }
      case State::kField: {
        bool whole = TakeDelimiter(content);
        if ((whole ? content.size() : Sure()) + name_.size() + field_bytes_ > kMaxFormFields)
          return Fail(kFormFieldsTooLarge,
                      "Your POST request fields preceding the upload file exceeded the maximum allowed size of 20480");
        if (!whole) return {};
        field_bytes_ += content.size() + name_.size();
        fields_.emplace_back(name_, std::string(content));
        buffer_.erase(0, content.size() + delimiter_.size());
        state_ = State::kDelimited;
        break;
      }
      case State::kFile: {
        bool whole = TakeDelimiter(content);
        std::size_t sure = whole ? content.size() : Sure();
        if (in_first_file_ && sure > 0) ALOFT_TRY(take(std::string_view(buffer_).substr(0, sure)));
        buffer_.erase(0, whole ? sure + delimiter_.size() : sure);
        if (!whole) return {};
        state_ = State::kDelimited;
        break;
      }
      case State::kEnd: return {};
    }
  }
}

Status FormReader::Finish() const {
  if (state_ != State::kEnd) return Malformed();
  if (!has_file_) return Fail(kInvalidArgument, "POST requires exactly one file upload per request.");
  return {};
}

}  // namespace aloft::api::s3

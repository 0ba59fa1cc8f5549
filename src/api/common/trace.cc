#include "api/common/trace.h"

namespace aloft::api {
namespace {

constexpr std::size_t kTraceDigits = 32, kSpanDigits = 16, kMaxState = 512;
constexpr std::string_view kSampled = "01";

bool IsHex(std::string_view text) {
  bool any = false;  // all zeros mean nothing
  for (char c : text) {
    if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'))) return false;
    any = any || c != '0';
  }
  return any;
}

struct Parent {
  std::string_view trace, flags;
};

// Empty where it is absent or malformed. Later versions may have more fields, which are left out.
Parent ParentOf(const http::RequestHead& head) {
  std::string_view text = head.headers.Get("traceparent");
  constexpr std::size_t kLength = 2 + 1 + kTraceDigits + 1 + kSpanDigits + 1 + 2;
  if (text.size() < kLength || text[2] != '-' || text[35] != '-' || text[52] != '-') return {};
  std::string_view version = text.substr(0, 2), trace = text.substr(3, kTraceDigits), flags = text.substr(53, 2);
  bool ok = (version == "00" || IsHex(version)) && version != "ff" && IsHex(trace) &&
            IsHex(text.substr(36, kSpanDigits)) && (flags == "00" || IsHex(flags));
  if (!ok || (version == "00" && text.size() != kLength) || (text.size() > kLength && text[kLength] != '-')) return {};
  return {trace, flags};
}

// A UUID's digits, as many as wanted; a request id that is none is filled up.
std::string Digits(const RequestId& id, std::size_t count) {
  std::string digits;
  for (char c : id.value()) {
    if (digits.size() < count && ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'))) digits += c;
  }
  digits.resize(count, '1');
  return digits;
}

}  // namespace

std::string TraceId(const http::RequestHead& head, const RequestId& request_id) {
  Parent parent = ParentOf(head);
  return parent.trace.empty() ? Digits(request_id, kTraceDigits) : std::string(parent.trace);
}

std::string Traceparent(const http::RequestHead& head, const RequestId& request_id) {
  Parent parent = ParentOf(head);
  std::string text = "00-";
  text += parent.trace.empty() ? Digits(request_id, kTraceDigits) : std::string(parent.trace);
  text += '-';
  text += Digits(request_id, kSpanDigits);
  text += '-';
  text += parent.trace.empty() ? kSampled : parent.flags;
  return text;
}

std::string_view Tracestate(const http::RequestHead& head) {
  std::string_view state = head.headers.Get("tracestate");
  return ParentOf(head).trace.empty() || state.size() > kMaxState ? std::string_view() : state;
}

}  // namespace aloft::api

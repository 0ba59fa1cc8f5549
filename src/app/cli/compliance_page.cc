// The report as JSON for machines and as one HTML file for people.
#include "app/cli/compliance.h"
#include "foundation/codec/json.h"
#include "foundation/codec/time.h"

namespace aloft::app {
namespace {

constexpr std::string_view kDisclaimer =
    "Software holds no certificate and makes nobody compliant. This report shows what was looked at on one "
    "installation "
    "at one moment; whatever is not listed as looked at is not claimed. Each control has a part that only its operator "
    "can do.";

std::string_view Name(CheckState state) {
  switch (state) {
    case CheckState::kMet: return "met";
    case CheckState::kNotMet: return "not met";
    case CheckState::kNotChecked: return "not checked";
  }
  return "not checked";
}

std::string_view Style(CheckState state) {
  switch (state) {
    case CheckState::kMet: return "met";
    case CheckState::kNotMet: return "not-met";
    case CheckState::kNotChecked: return "open";
  }
  return "open";
}

const Check& Find(const Checks& checks, std::string_view id) {
  static const Check kNothing{CheckState::kNotChecked, "", "nothing here looks at it"};
  auto found = checks.find(std::string(id));
  return found == checks.end() ? kNothing : found->second;
}

std::string Escaped(std::string_view text) {
  std::string out;
  for (char c : text) {
    switch (c) {
      case '&': out += "&amp;"; break;
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '"': out += "&quot;"; break;
      default: out += c;
    }
  }
  return out;
}

constexpr std::string_view kCss = R"(
:root{color-scheme:light dark;--ink:#1c2430;--soft:#5b6675;--line:#dde3ea;--page:#f5f7f9;--card:#fff;--met:#0b6b46;--met-back:#e0f3ea;
--not:#a3201d;--not-back:#fbe6e4;--open:#7a5300;--open-back:#fbf0d9}
@media(prefers-color-scheme:dark){:root{--ink:#e6ebf1;--soft:#9aa7b7;--line:#2c3540;--page:#12171d;--card:#1a2129;--met:#6fd6a8;
--met-back:#123226;--not:#ff9d96;--not-back:#3d1917;--open:#f0c36a;--open-back:#3a2d10}}
*{box-sizing:border-box}body{margin:0;background:var(--page);color:var(--ink);font:16px/1.5 system-ui,-apple-system,"Segoe UI",sans-serif}
main{max-width:62rem;margin:0 auto;padding:2.5rem 1.25rem 4rem}h1{font-size:1.75rem;line-height:1.2;margin:0 0 .25rem}
.sub{color:var(--soft);margin:0 0 1.5rem}.facts{display:grid;grid-template-columns:max-content 1fr;gap:.2rem 1.25rem;margin:0 0 1.5rem}
.facts dt{color:var(--soft)}.facts dd{margin:0;overflow-wrap:anywhere}.note{border-left:4px solid var(--soft);padding:.5rem 1rem;margin:0 0 2rem;
color:var(--soft)}.sum{display:flex;flex-wrap:wrap;gap:.75rem;margin:0 0 2rem}.sum div{background:var(--card);border:1px solid var(--line);
border-radius:.6rem;padding:.75rem 1.25rem;min-width:8rem}.sum b{display:block;font-size:1.75rem;line-height:1.2}
article{background:var(--card);border:1px solid var(--line);border-radius:.6rem;padding:1.1rem 1.25rem;margin:0 0 1rem;break-inside:avoid}
article header{display:flex;gap:1rem;align-items:baseline;justify-content:space-between}h2{font-size:1.1rem;margin:0}h2 span{color:var(--soft);
font-weight:500;margin-right:.6rem}.tag{font-size:.85rem;font-weight:600;border-radius:1rem;padding:.1rem .75rem;white-space:nowrap}
.met{color:var(--met);background:var(--met-back)}.not-met{color:var(--not);background:var(--not-back)}.open{color:var(--open);
background:var(--open-back)}ul{list-style:none;margin:.8rem 0 0;padding:0}li{border-top:1px solid var(--line);padding:.6rem 0}
li .tag{float:right;margin-left:1rem}li p{margin:0}.looked{color:var(--soft);font-size:.92rem}.yours{margin:.6rem 0 0;padding-top:.7rem;
border-top:1px solid var(--line)}.yours b{margin-right:.4rem}pre{white-space:pre-wrap;overflow-wrap:anywhere;font-size:.8rem;background:var(--card);
border:1px solid var(--line);border-radius:.6rem;padding:1rem}@media print{body{background:#fff}main{padding:0}})";

void AppendTag(std::string& out, CheckState state) {
  out.append("<span class=\"tag ").append(Style(state)).append("\">").append(Name(state)).append("</span>");
}

void AppendFact(std::string& out, std::string_view name, std::string_view value) {
  out.append("<dt>").append(name).append("</dt><dd>").append(Escaped(value)).append("</dd>");
}

void AppendControl(std::string& out, const Control& control, const Checks& checks) {
  out.append("<article><header><h2><span>").append(Escaped(control.id)).append("</span>");
  out.append(Escaped(control.title)).append("</h2>");
  AppendTag(out, StateOf(control, checks));
  out.append("</header><ul>");
  for (std::string_view id : control.checks) {
    const Check& check = Find(checks, id);
    out.append("<li>");
    AppendTag(out, check.state);
    out.append("<p>").append(Escaped(check.found)).append("</p>");
    if (!check.looked_at.empty())
      out.append("<p class=\"looked\">Looked at: ").append(Escaped(check.looked_at)).append("</p>");
    out.append("</li>");
  }
  out.append("</ul><p class=\"yours\"><b>Your part:</b>")
      .append(Escaped(control.operators_part))
      .append("</p></article>\n");
}

int Count(const ComplianceProfile& profile, const Checks& checks, CheckState state) {
  int count = 0;
  for (const Control& each : profile.controls) count += StateOf(each, checks) == state ? 1 : 0;
  return count;
}

}  // namespace

std::string RenderJson(const ComplianceProfile& profile, const Checks& checks, const ReportHead& head) {
  std::string text;
  codec::JsonWriter out(text);
  out.BeginObject().Key("version").Int(1).Key("profile").String(profile.name).Key("title").String(profile.title);
  out.Key("disclaimer").String(kDisclaimer).Key("at").String(codec::FormatIso8601(head.at));
  out.Key("server").String(head.server).Key("serverVersion").String(head.version);
  out.Key("account").String(head.account).Key("region").String(head.region);
  out.Key("auditCheckpoint");
  head.checkpoint.empty() ? out.Null() : out.String(head.checkpoint);
  out.Key("controls").BeginArray();
  for (const Control& control : profile.controls) {
    out.BeginObject().Key("id").String(control.id).Key("title").String(control.title);
    out.Key("state").String(Name(StateOf(control, checks))).Key("operatorsPart").String(control.operators_part);
    out.Key("checks").BeginArray();
    for (std::string_view id : control.checks) {
      const Check& check = Find(checks, id);
      out.BeginObject().Key("id").String(id).Key("state").String(Name(check.state));
      out.Key("lookedAt").String(check.looked_at).Key("found").String(check.found).EndObject();
    }
    out.EndArray().EndObject();
  }
  out.EndArray().EndObject();
  return text;
}

std::string RenderHtml(const ComplianceProfile& profile, const Checks& checks, const ReportHead& head) {
  std::string out =
      "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
      "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\"><title>";
  out.append(Escaped(profile.title)).append("</title><style>").append(kCss).append("</style></head>\n<body><main><h1>");
  out.append(Escaped(profile.title)).append("</h1><p class=\"sub\">Evidence from Aloft ").append(Escaped(head.version));
  out.append(", ").append(codec::FormatIso8601(head.at)).append("</p>\n<dl class=\"facts\">");
  AppendFact(out, "Server", head.server);
  AppendFact(out, "Account", head.account);
  AppendFact(out, "Region", head.region);
  out.append("</dl>\n<p class=\"note\">").append(kDisclaimer).append("</p>\n<div class=\"sum\">");
  for (CheckState state : {CheckState::kMet, CheckState::kNotMet, CheckState::kNotChecked})
    out.append("<div><b>")
        .append(std::to_string(Count(profile, checks, state)))
        .append("</b>")
        .append(Name(state))
        .append("</div>");
  out.append("</div>\n");
  for (const Control& control : profile.controls) AppendControl(out, control, checks);
  if (!head.checkpoint.empty())
    out.append(
           "<h2>Audit checkpoint</h2><p class=\"looked\">Keep it: <code>aloft audit verify --checkpoint</code> holds "
           "the log against it "
           "later.</p><pre>")
        .append(Escaped(head.checkpoint))
        .append("</pre>");
  return out.append("</main></body></html>\n");
}

}  // namespace aloft::app

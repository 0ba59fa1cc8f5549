#include "services/training/search.h"

#include <algorithm>
#include <boost/json.hpp>
#include <charconv>

#include "foundation/codec/json.h"
#include "foundation/shapes/json.h"
#include "services/jobs/records.h"
#include "services/resources/search.h"
#include "services/resources/tags.h"
#include "services/training/describe.h"
#include "services/training/errors.h"
#include "services/training/kind.h"

namespace aloft::training {
namespace {

namespace json = boost::json;
using shapes::sagemaker::SearchRequest;
using shapes::sagemaker::SearchResponse;

constexpr std::size_t kMaxSearched = 10'000;
constexpr int kDefaultPage = 10;

struct Match {
  std::string sort_key;
  std::string name;
};

// What the filters see: the description, tags by key ("Tags.team"), final metrics by name ("Metrics.loss").
Result<json::object> DocumentOf(const shapes::sagemaker::DescribeTrainingJobResponse& job,
                                const resources::Tags& tags) {
  ALOFT_ASSIGN(json::value parsed, codec::ParseJson(shapes::ToJsonText(job)));
  json::object document = std::move(parsed.as_object());
  json::object tag_members, metric_members;
  for (const auto& [key, value] : tags) tag_members[key] = value;
  if (job.final_metric_data_list)
    for (const auto& metric : *job.final_metric_data_list) metric_members[*metric.metric_name] = *metric.value;
  document["Tags"] = std::move(tag_members);
  document["Metrics"] = std::move(metric_members);
  return document;
}

struct Described {
  shapes::sagemaker::DescribeTrainingJobResponse job;
  resources::Tags tags;
};
Result<Described> Describe(sql::Reader& reader, const Scope& scope, const std::string& name) {
  ALOFT_ASSIGN(jobs::Job record, jobs::LoadVisibleJob(reader, Names(), scope, name));
  ALOFT_ASSIGN(Job job, JobOf(std::move(record)));
  Described described;
  ALOFT_ASSIGN(described.job, DescribeJob(job));
  ALOFT_ASSIGN(described.tags, resources::ListTags(reader, JobArn(scope, name)));
  return described;
}

Result<shapes::sagemaker::SearchRecord> RecordOf(const Described& described) {
  shapes::sagemaker::SearchRecord record;
  ALOFT_ASSIGN(record.training_job,
               shapes::FromJsonText<shapes::sagemaker::TrainingJob>(shapes::ToJsonText(described.job)));
  record.training_job->tags = resources::TagListOf<shapes::sagemaker::Tag>(described.tags);
  return record;
}

// Tokens are the number of matches already given.
Result<std::size_t> ParseToken(const std::optional<std::string>& token) {
  std::size_t skip = 0;
  if (!token) return skip;
  auto [end, error] = std::from_chars(token->data(), token->data() + token->size(), skip);
  if (error != std::errc() || end != token->data() + token->size())
    return Fail(kBadPageToken, "Invalid NextToken: it is not of this search.");
  return skip;
}

}  // namespace

Result<SearchResponse> SearchJobs(sql::Reader& reader, const Scope& scope, const SearchRequest& request) {
  shapes::sagemaker::SearchExpression expression =
      request.search_expression.value_or(shapes::sagemaker::SearchExpression{});
  ALOFT_TRY(resources::CheckSearch(expression));
  ALOFT_ASSIGN(std::size_t skip, ParseToken(request.next_token));
  ALOFT_ASSIGN(sql::Rows rows,
               reader.Query("SELECT name FROM training_jobs WHERE account = $1 AND region = $2 AND status <> 'Deleted' "
                            "ORDER BY created DESC, name LIMIT " +
                                std::to_string(kMaxSearched),
                            {scope.account.value(), scope.region.value()}));
  std::string sort_by = request.sort_by.value_or("LastModifiedTime");
  std::vector<Match> matches;
  for (const sql::Row& row : rows) {
    ALOFT_ASSIGN(Described described, Describe(reader, scope, row.Text(0)));
    ALOFT_ASSIGN(json::object document, DocumentOf(described.job, described.tags));
    if (resources::Matches(document, expression))
      matches.push_back({resources::SortKey(document, sort_by), row.Text(0)});
  }
  bool ascending = request.sort_order.value_or("Descending") == "Ascending";
  std::stable_sort(matches.begin(), matches.end(), [&](const Match& a, const Match& b) {
    return ascending ? a.sort_key < b.sort_key : b.sort_key < a.sort_key;
  });
  auto limit = static_cast<std::size_t>(request.max_results.value_or(kDefaultPage));
  SearchResponse response;
  response.results.emplace();
  for (std::size_t i = skip; i < matches.size() && response.results->size() < limit; ++i) {
    ALOFT_ASSIGN(Described described, Describe(reader, scope, matches[i].name));
    ALOFT_ASSIGN(auto record, RecordOf(described));
    response.results->push_back(std::move(record));
  }
  response.total_hits.emplace();
  response.total_hits->value = static_cast<std::int64_t>(matches.size());
  response.total_hits->relation = "EqualTo";
  if (skip + response.results->size() < matches.size() && !response.results->empty())
    response.next_token = std::to_string(skip + response.results->size());
  return response;
}

}  // namespace aloft::training

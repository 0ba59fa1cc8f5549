#include "platform/audit/service.h"

#include <gmock/gmock.h>

#include "platform/audit/testing_log.h"

namespace aloft::audit {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class ServiceTest : public AuditTest {};
INSTANTIATE_TEST_SUITE_P(Engines, ServiceTest, ::testing::Values(false, true), AuditEngineName);

// The point of the room: no change without its record, whichever store the change went to.
TEST_P(ServiceTest, AChangeAndItsRecordCommitTogether) {
  ChangeSql("one");
  ChangeKv("two");
  ReadSomething();
  Seal();
  auto records = Found(Everything());
  ASSERT_EQ(records.size(), 3u);
  EXPECT_THAT(records[0], HasSubstr(R"("eventName":"ListUsers")"));
  EXPECT_THAT(records[1], HasSubstr(R"("eventName":"CreateBucket")"));
  EXPECT_THAT(records[2], HasSubstr(R"("eventName":"CreateUser")"));
  VerifyReport report = Check();
  EXPECT_TRUE(report.intact()) << Findings(report);
  EXPECT_EQ(report.records, 3u);
  EXPECT_EQ(report.pending, 0u);
}

// A change that is taken back takes its record back, and the next try takes it along.
TEST_P(ServiceTest, AFailedCommitLeavesNoRecordAndTheNextOneDoes) {
  auto entry = log_->Begin(MakeFacts("iam", "CreateUser"));
  {
    Scope scope(entry);
    Status refused = database_->Write([&](sql::Transaction&) -> Status { return Fail(kInvalidArgument, "no"); });
    EXPECT_FALSE(refused.ok());
    EXPECT_EQ(entry->committed.load(), 0u);
    kv::Batch batch;
    batch.Put("things", "x", "y");
    batch.Expect("things", "x", 77);
    EXPECT_FALSE(store_->Apply(std::move(batch)).ok());
    EXPECT_EQ(entry->committed.load(), 0u);
  }
  EXPECT_TRUE(Found(Everything()).empty());
  auto rows = database_->Read([](sql::Reader& r) { return r.Query("SELECT count(*) FROM audit_pending"); });
  EXPECT_EQ((*rows)[0].Int(0), 0);
  Answer(entry, {.error_code = "Conflict", .error_message = "no"});
  Seal();
  ASSERT_EQ(Found(Everything()).size(), 1u);
  EXPECT_THAT(Found(Everything())[0], HasSubstr(R"("errorCode":"Conflict")"));
  EXPECT_TRUE(Check().intact());
}

// Outside of a call nothing is recorded: loops and housekeeping write, too.
TEST_P(ServiceTest, WritesOfNobodyCarryNothing) {
  ASSERT_TRUE(
      database_->Write([](sql::Transaction& t) { return t.Execute("INSERT INTO things (name) VALUES ('x')"); }).ok());
  auto entry = log_->Begin(MakeFacts("iam", "ListUsers"));
  {
    Scope reads_do_not_travel(entry);
    kv::Batch batch;
    batch.Put("things", "x", "y");
    ASSERT_TRUE(store_->Apply(std::move(batch)).ok());
  }
  EXPECT_EQ(entry->tried.load(), 0u);
  EXPECT_TRUE(Found(Everything()).empty());
}

// kill -9 between the commit and the answer, and between the answer and the seal: the record is there, the chain goes
// on.
TEST_P(ServiceTest, ACrashLosesNoRecordOfAChange) {
  ChangeSql("sealed");
  Seal();
  std::string sql_unanswered = ChangeSql("one", false), kv_unanswered = ChangeKv("two", false);
  std::string sql_answered = ChangeSql("three"), kv_answered = ChangeKv("four");
  Crash();
  Seal();
  VerifyReport report = Check();
  EXPECT_TRUE(report.intact()) << Findings(report);
  EXPECT_EQ(report.records, 5u);
  EXPECT_EQ(report.blocks, 2u);
  EXPECT_EQ(report.pending, 0u);
  for (const std::string& id : {sql_unanswered, kv_unanswered, sql_answered, kv_answered}) {
    LookupQuery query = Everything();
    query.attribute = {"EventId", id};
    auto found = Found(query);
    ASSERT_EQ(found.size(), 1u) << id;
    EXPECT_THAT(found[0], HasSubstr(R"("answered":false)"));
  }
  auto rows = database_->Read([](sql::Reader& r) { return r.Query("SELECT count(*) FROM audit_pending"); });
  EXPECT_EQ((*rows)[0].Int(0), 0);
}

// The row in sql and the record in kv cannot go in one commit: a crash between them must not seal the record twice.
TEST_P(ServiceTest, ARecordWhoseRowOutlivedItsSealIsNotSealedTwice) {
  auto entry = log_->Begin(MakeFacts("iam", "CreateUser"));
  {
    Scope scope(entry);
    ASSERT_TRUE(
        database_->Write([](sql::Transaction& t) { return t.Execute("INSERT INTO things (name) VALUES ('x')"); }).ok());
  }
  auto rows =
      database_->Read([](sql::Reader& r) { return r.Query("SELECT name, chain, record, mark FROM audit_pending"); });
  ASSERT_EQ(rows->size(), 1u);
  Answer(entry);
  Seal();
  ASSERT_TRUE(database_
                  ->Write([&](sql::Transaction& t) {
                    const sql::Row& row = (*rows)[0];
                    return t.Execute(
                        "INSERT INTO audit_pending (name, chain, record, mark) VALUES ($1, $2, $3, $4)",
                        {sql::Bytes{row.Blob(0)}, row.Text(1), sql::Bytes{row.Blob(2)}, sql::Bytes{row.Blob(3)}});
                  })
                  .ok());
  Crash();
  Seal();
  VerifyReport report = Check();
  EXPECT_TRUE(report.intact()) << Findings(report);
  EXPECT_EQ(report.records, 1u);
}

// A change that no store of ours carried (it made a file, say) is answered only when its record is on the disk.
TEST_P(ServiceTest, AChangeWithoutACommitWaitsForItsRecord) {
  auto entry = log_->Begin(MakeFacts("iam", "CreateUser"));
  int answers = 0;
  log_->Finish(entry, {}, [&](Status status) { answers += status.ok() ? 1 : 100; });
  EXPECT_EQ(answers, 0);
  log_->Start();
  for (int i = 0; i < 10'000 && Found(Everything()).empty(); ++i) std::this_thread::yield();
  log_->Stop();
  EXPECT_EQ(answers, 1);
  EXPECT_TRUE(Check().intact());
  EXPECT_EQ(Check().checkpoints, 1u);
}

// Memory is bounded, and what cannot be recorded is refused instead.
TEST_P(ServiceTest, AFullQueueRefusesCalls) {
  max_waiting_bytes_ = 4000;
  OpenLog();
  EXPECT_TRUE(log_->Admit().ok());
  while (log_->Admit().ok()) ReadSomething();
  EXPECT_EQ(log_->Admit().error().reason, kAuditFull);
  Seal();
  EXPECT_TRUE(log_->Admit().ok());
}

// Anybody can knock: a flood of refused strangers may not fill the disk, and is not silent either.
TEST_P(ServiceTest, AFloodOfNobodyIsCounted) {
  int admitted = 0;
  for (int i = 0; i < 1000; ++i) admitted += log_->AdmitNameless() ? 1 : 0;
  EXPECT_EQ(admitted, 50);
  Seal();
  auto page = log_->Lookup({.account = AccountId("000000000000")});
  ASSERT_EQ(page->records.size(), 1u);
  EXPECT_THAT(page->records[0].json, HasSubstr(R"("requestParameters":{"count":950})"));
}

// LookupEvents: newest first, by one attribute, in pages that neither repeat nor leave out.
TEST_P(ServiceTest, LookupFindsByAttributeTimeAndPage) {
  std::vector<std::string> ids;
  for (int i = 0; i < 7; ++i) ids.push_back(i % 2 == 0 ? ChangeKv(std::to_string(i)) : ReadSomething());
  Seal();
  LookupQuery query = Everything();
  query.limit = 3;
  std::string seen;
  int pages = 0;
  do {
    auto page = log_->Lookup(query);
    ASSERT_TRUE(page.ok());
    for (auto& record : page->records) seen += record.json;
    query.token = page->next_token;
    ++pages;
  } while (!query.token.empty());
  EXPECT_GE(pages, 3);
  std::size_t last = seen.size();
  for (const std::string& id : ids) {
    std::size_t at = seen.find(id);
    ASSERT_NE(at, std::string::npos);
    EXPECT_LT(at, last) << "newest first";
    last = at;
  }
  query = Everything();
  auto by = [&](const char* name, const std::string& value) {
    query.attribute = {name, value};
    return Found(query).size();
  };
  EXPECT_EQ(by("EventName", "CreateBucket"), 4u);
  EXPECT_EQ(by("ReadOnly", "true"), 3u);
  EXPECT_EQ(by("Username", "alice"), 7u);
  EXPECT_EQ(by("ResourceName", "bob"), 7u);
  EXPECT_EQ(by("ResourceType", "AWS::IAM::User"), 7u);
  EXPECT_EQ(by("EventSource", "s3.amazonaws.com"), 4u);
  EXPECT_EQ(by("AccessKeyId", "AKIAALICE"), 7u);
  EXPECT_EQ(by("EventId", ids[2]), 1u);
  EXPECT_EQ(by("EventName", "Nothing"), 0u);
  EXPECT_EQ(log_->Lookup({.account = AccountId("999999999999")})->records.size(), 0u);
  query = Everything();
  query.token = "bm90IGEgdG9rZW4";
  EXPECT_EQ(log_->Lookup(query).error().reason, kBadToken);
}

// Data events are kept apart, so that looking for a management event does not wade through them.
TEST_P(ServiceTest, DataEventsAreWantedBySelectorsAndKeptApart) {
  AccountId account("123456789012");
  Class put = Classify("s3", "PutObject"), get = Classify("s3", "GetObject");
  EXPECT_FALSE(log_->Wants(account, put, "arn:aws:s3:::b/k"));
  auto selectors = std::make_shared<Selectors>();
  (*selectors)[account] = {{"AWS::S3::Object", {"arn:aws:s3:::b/"}, {}, false, true}};
  log_->SetSelectors(selectors);
  EXPECT_TRUE(log_->Wants(account, put, "arn:aws:s3:::b/k"));
  EXPECT_FALSE(log_->Wants(account, get, "arn:aws:s3:::b/k"));
  EXPECT_FALSE(log_->Wants(account, put, "arn:aws:s3:::other/k"));
  EXPECT_FALSE(log_->Wants(AccountId("999999999999"), put, "arn:aws:s3:::b/k"));
  Answer(log_->Begin(MakeFacts("s3", "GetObject")));
  Seal();
  EXPECT_TRUE(Found(Everything()).empty());
  LookupQuery query = Everything();
  query.data = true;
  EXPECT_EQ(Found(query).size(), 1u);
  EXPECT_TRUE(Check().intact());
}

// Retention forgets whole blocks, and what remains is still proven from where it begins.
TEST_P(ServiceTest, PruningKeepsTheRestVerifiable) {
  retention_ = std::chrono::hours(24);
  OpenLog();
  for (int i = 0; i < 3; ++i) {
    ReadSomething();
    Seal();
    ASSERT_TRUE(log_->CheckpointNow().ok());
  }
  clock_.Advance(std::chrono::hours(30));
  ReadSomething();
  Seal();
  EXPECT_EQ(*log_->Prune(), 3u);
  VerifyReport report = Check();
  EXPECT_TRUE(report.intact()) << Findings(report);
  EXPECT_EQ(report.blocks, 1u);
  EXPECT_EQ(report.records, 1u);
  EXPECT_EQ(Found(Everything()).size(), 1u);
  EXPECT_EQ(*log_->Prune(), 0u);
}

// Six years are a number of days like any other.
TEST_P(ServiceTest, SixYearsArePossible) {
  retention_ = std::chrono::hours(24 * 2192);
  OpenLog();
  ReadSomething();
  Seal();
  clock_.Advance(std::chrono::hours(24 * 2191));
  ReadSomething();
  Seal();
  EXPECT_EQ(*log_->Prune(), 0u);
  EXPECT_EQ(Found(Everything()).size(), 2u);
}

// Replicas share the store, each with its own chain; checkpoints join them.
TEST_P(ServiceTest, TwoReplicasHaveTwoChains) {
  auto other = NewLog("b");
  ReadSomething();
  Seal();
  log_.swap(other);
  ReadSomething();
  Seal();
  ASSERT_TRUE(log_->CheckpointNow().ok());
  VerifyReport report = Check();
  EXPECT_TRUE(report.intact()) << Findings(report);
  EXPECT_EQ(report.chains, 2u);
  EXPECT_EQ(report.records, 2u);
  auto checkpoint = Checkpoint::Decode(report.last_checkpoint);
  ASSERT_TRUE(checkpoint.ok());
  EXPECT_EQ(checkpoint->heads.size(), 2u);
  EXPECT_EQ(Found(Everything()).size(), 2u);
}

// The record says who, from where, what, on what, and what was decided; in AWS's form.
TEST_P(ServiceTest, TheRecordsFormIsAws) {
  Facts facts = MakeFacts("s3", "CreateBucket");
  facts.session.kind = identity::PrincipalKind::kRole;
  facts.session.arn = "arn:aws:sts::123456789012:assumed-role/Trainer/s1";
  facts.session.principal_id = "AROA1:s1";
  facts.session.role_arn = "arn:aws:iam::123456789012:role/ml/Trainer";
  facts.session.issued = facts.at;
  facts.session.expires = facts.at + std::chrono::hours(1);
  facts.user_agent = std::string(5000, 'u');
  auto entry = log_->Begin(std::move(facts));
  Answer(entry, {.error_code = "AccessDenied",
                 .error_message = "Value 'hunter2' at 'password' failed",
                 .refused_by = "boundary"});
  Seal();
  std::string record = Found(Everything())[0];
  for (
      const char* part :
      {R"("type":"AssumedRole")", R"("sessionIssuer":{"type":"Role","principalId":"AROA1",)", R"("userName":"Trainer")",
       R"("eventSource":"s3.amazonaws.com")", R"("sourceIPAddress":"10.0.0.7")", R"("refusedBy":"boundary")",
       R"("errorMessage":"Value at 'password' failed")", R"("requestParameters":{"userName":"bob"})",
       R"("mfaAuthenticated":"false")", R"("recipientAccountId":"123456789012")", R"("eventCategory":"Management")",
       R"("resources":[{"ARN":"arn:aws:iam::123456789012:user/bob","accountId":"123456789012","type":"AWS::IAM::User"}])"})
    EXPECT_THAT(record, HasSubstr(part));
  EXPECT_THAT(record, Not(HasSubstr("hunter2")));
  EXPECT_LT(record.size(), 3500u);
}

}  // namespace
}  // namespace aloft::audit

#include "platform/audit/read_records.h"

#include <algorithm>
#include <vector>

#include "platform/audit/packed_record.h"

namespace aloft::audit {
namespace {

// A page is at most so long, and not much longer than what is still looked for: between two records of one block may
// lie any number of others, where the call of the first began long before.
constexpr std::size_t kMostAtOnce = 256;

struct Wanted {
  const RecordName* name;
  std::string key;
};

Status ReadSpace(kv::Store& store, std::string_view space, const std::vector<Wanted>& wanted,
                 const std::function<Status(const RecordName& name, std::string json)>& each) {
  for (std::size_t at = 0; at < wanted.size();) {
    kv::ScanRange range{.from = wanted[at].key,
                        .to = wanted.back().key + std::string(1, '\0'),
                        .limit = std::min(kMostAtOnce, 2 * (wanted.size() - at))};
    ALOFT_ASSIGN(kv::ScanPage page, store.Scan(space, range));
    for (const kv::Entry& entry : page.entries) {
      while (at < wanted.size() && wanted[at].key < entry.key) ++at;  // that one is not stored
      if (at == wanted.size()) break;
      if (wanted[at].key != entry.key) continue;
      if (auto json = JsonOfRecord(entry.value)) ALOFT_TRY(each(*wanted[at].name, std::move(*json)));
      ++at;
    }
    if (!page.more) break;
  }
  return {};
}

}  // namespace

Status ReadRecords(kv::Store& store, std::span<const Block::Entry> entries,
                   const std::function<Status(const RecordName& name, std::string json)>& each) {
  std::vector<Wanted> management, data;
  for (const Block::Entry& entry : entries)
    (entry.name.data ? data : management).push_back({&entry.name, entry.name.Key()});
  for (auto* wanted : {&management, &data}) std::ranges::sort(*wanted, {}, &Wanted::key);
  ALOFT_TRY(ReadSpace(store, kEvents, management, each));
  return ReadSpace(store, kDataEvents, data, each);
}

}  // namespace aloft::audit

// Who has what is held: whether a record that holds a blob has a version or a part that says so.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "services/objects/engine/core.h"

namespace aloft::objects {

// Remembers the names that have many segments, as each of them would be read once for each of its segments. Only what
// was found is believed later: whoever lets a segment go removes what holds it in the same batch. One thread at a time.
class Owners {
 public:
  explicit Owners(Core& core) : core_(core) {}

  // Whether any version or part of the name that the holder gives has its segment. True also where a record of the name
  // cannot be understood: nothing is thrown away for that.
  Result<bool> Has(std::string_view holder_key, const std::string& holder_value);

 private:
  // Ascending; of all versions of the name and of the parts of its uploads.
  struct Tags {
    std::vector<std::string> all{};
    bool understood = true;
    bool Has(std::string_view tag) const;
    void Add(const std::vector<Segment>& segments);
  };
  Result<Tags> Read(std::string_view name);
  Status ReadUploads(const Bucket& place, std::string_view key, Tags& tags);

  Core& core_;
  std::map<std::string, Tags> remembered_;
  std::size_t remembered_tags_ = 0;
};

}  // namespace aloft::objects

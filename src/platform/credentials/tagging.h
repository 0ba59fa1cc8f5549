// Adding and removing tags of records that keep them in a map, by IAM's rules. Private to the room.
#pragma once

#include "platform/directory/common.h"

namespace aloft::credentials {

Status AddTags(directory::Tags& tags, const std::optional<std::vector<shapes::iam::Tag>>& added);
void RemoveTags(directory::Tags& tags, const std::optional<std::vector<std::string>>& keys);

// Sets Tags, IsTruncated and Marker of a response.
template <class Response, class Request>
Result<Response> TagsPage(const directory::Tags& tags, const Request& in) {
  ALOFT_ASSIGN(const auto paging, directory::Paging::Of(in.marker, in.max_items));
  auto cut = directory::CutPage(directory::ShowTags(tags).value_or(std::vector<shapes::iam::Tag>()), paging.page,
                                [](const shapes::iam::Tag& tag) { return *tag.key; });
  Response out;
  directory::SetPage(out, cut);
  out.tags = std::move(cut.items);
  return out;
}

}  // namespace aloft::credentials

// aloft images: the container images that jobs and endpoints may name.
#include <cstdio>
#include <filesystem>

#include "app/cli/commands.h"
#include "platform/images/library.h"

namespace aloft::app {
namespace {

struct Choices {
  std::string data, archive, name, image;
};

images::Library LibraryOf(const Choices& choices) {
  return images::Library(std::filesystem::absolute(choices.data).string() + "/images");
}

images::Progress Shown() {
  return {.say = [](std::string_view line) { std::printf("  %.*s\n", static_cast<int>(line.size()), line.data()); }};
}

void Load(const Choices& choices) {
  images::Library library = LibraryOf(choices);
  bool is_file = std::filesystem::exists(choices.archive);
  images::Image image = is_file ? OrFail(library.store().Load(choices.archive, choices.name, true, Shown()))
                                : OrFail(library.LoadFromPodman(choices.archive, Shown()));
  std::printf("Loaded %s (sha256:%s).\n", choices.name.empty() ? choices.archive.c_str() : choices.name.c_str(),
              image.id.substr(0, 12).c_str());
}

void List(const Choices& choices) {
  for (const images::StoredImage& image : OrFail(LibraryOf(choices).store().List())) {
    std::printf("sha256:%s ", image.id.substr(0, 12).c_str());
    for (const std::string& name : image.names) std::printf(" %s", name.c_str());
    std::printf(image.names.empty() ? " (unpacked from podman)\n" : "\n");
  }
}

}  // namespace

void AddImages(CLI::App& app) {
  auto choices = std::make_shared<Choices>();
  auto* command = app.add_subcommand("images", "Container images that jobs and endpoints may name: list, load, remove");
  AddDataOption(*command, choices->data);
  command->footer(
      "Examples:\n"
      "  podman save -o image.tar my-image && aloft images load image.tar --name my-image\n"
      "  aloft images\n"
      "  aloft images remove my-image\n"
      "Images of the podman of the server's user need no load: they are found by their names.");
  auto* load = command->add_subcommand("load", "Unpack an image that `podman save` or `docker save` wrote");
  load->add_option("archive", choices->archive, "The file; or the name of an image of podman")->required();
  load->add_option("--name", choices->name, "What to call it; else as the archive says");
  load->callback([choices] { Load(*choices); });
  auto* remove = command->add_subcommand("remove", "Forget an image; jobs that run go on");
  remove->add_option("image", choices->image, "Its name, or its whole id")->required();
  remove->callback([choices] { OrFail(LibraryOf(*choices).store().Remove(choices->image)); });
  command->require_subcommand(0, 1);
  command->callback([choices, load, remove] {
    if (!load->parsed() && !remove->parsed()) List(*choices);
  });
}

}  // namespace aloft::app

// The floor of the http room: the same replies as http_floor.cc, from a bare epoll loop.
//
//   epoll-floor [FILE]
#include "epoll_loop.h"

int main(int argc, char** argv) {
  return aloft::bench::RunEpollLoop(argc > 1 ? argv[1] : nullptr,
                                    [](std::string_view head, std::string_view body, std::string& out) {
                                      if (head.starts_with("GET /file ")) return true;
                                      out = head.starts_with("POST") ? body : std::string_view("hello");
                                      return false;
                                    });
}

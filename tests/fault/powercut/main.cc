// powercut write DIRECTORY SESSIONS COUNT    prints one line per acknowledged write
// powercut check DIRECTORY ACKNOWLEDGEMENTS  exit status 1 and a line where something acknowledged is gone// powercut
// fill DIRECTORY                    the same where a full disk is not told, or not survived
#include <cstdlib>
#include <iostream>

#include "workload.h"

int main(int argc, char** argv) {
  using namespace aloft;
  std::string mode = argc > 1 ? argv[1] : "";
  Status status =
      Fail(kInvalidArgument, "usage: powercut write DIRECTORY SESSIONS COUNT | check DIRECTORY FILE | fill DIRECTORY");
  if (mode == "write" && argc == 5) status = powercut::Write(argv[2], std::atoi(argv[3]), std::atoi(argv[4]));
  if (mode == "check" && argc == 4) status = powercut::Check(argv[2], argv[3]);
  if (mode == "fill" && argc == 3) status = powercut::Fill(argv[2]);
  if (status.ok()) return 0;
  std::cerr << Describe(status.error()) << "\n";
  return 1;
}

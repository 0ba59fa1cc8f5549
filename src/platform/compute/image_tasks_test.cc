// Tasks of container images: the whole contract, and what is theirs alone.
#include <arpa/inet.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <gmock/gmock.h>

#include "foundation/os/sandbox.h"
#include "platform/compute/backend_contract.h"
#include "platform/images/store.h"
#include "platform/images/testing_image.h"

namespace aloft::compute {
namespace {

namespace fs = std::filesystem;
using images::testing::Entry;
using images::testing::Layer;
using testing::HasSubstr;
using testing::Not;

const std::string& Gap() {
  static const std::string gap = [] {
    std::string why = os::ImageGap("/tmp");
    return why.empty() ? why : "images cannot run here: " + why;
  }();
  return gap;
}

// Bash and a few programs of this machine, and nothing else.
const Layer& BaseLayer() {
  static const Layer layer = images::testing::ProgramsLayer(
      {"/bin/bash", "/bin/sleep", "/bin/cat", "/bin/ls", "/usr/bin/id", "/usr/bin/stat", "/bin/rm", "/bin/chown"});
  return layer;
}

class ImageHarness : public TaskHarness {
 public:
  ImageHarness() {
    options().images_directory = directory() + "/images";
    if (Gap().empty()) image_ = Load("base", "", {});
  }
  std::string gap() const override { return Gap(); }

  std::string Load(const std::string& name, const std::string& run, const Layer& more) {
    std::string archive = directory() + "/" + name + ".tar";
    std::vector<Layer> layers{BaseLayer()};
    if (!more.empty()) layers.push_back(more);
    std::string id = images::testing::WriteImage(archive, name, run, layers);
    auto loaded = images::Store(options().images_directory).Load(archive, "", true, {});
    EXPECT_TRUE(loaded.ok()) << Describe(loaded.error());
    return id;
  }

  TaskSpec Shell(const std::string& name, const std::string& script) const override {
    TaskSpec spec = TaskHarness::Shell(name, script);
    spec.image = image_;
    return spec;
  }

  std::string Run(TaskSpec spec) {
    EXPECT_TRUE(backend().Start(spec).ok());
    TaskStatus status = WaitForEnd(spec.id);
    EXPECT_EQ(status.outcome, Outcome::kSucceeded) << status.failure;
    for (const char* left : {"ml", "root", "layer"})
      EXPECT_FALSE(fs::exists(directory() + "/tasks/" + spec.id.value() + "/" + left)) << left;
    return Log(spec.id);
  }

 private:
  std::string image_;
};

INSTANTIATE_TEST_SUITE_P(Image, BackendContract, testing::Values([]() -> std::unique_ptr<TaskHarness> {
                           return std::make_unique<ImageHarness>();
                         }));

class ImageTaskTest : public testing::Test {
 protected:
  void SetUp() override {
    if (!Gap().empty()) GTEST_SKIP() << Gap();
  }
  ImageHarness harness_;
};

// The code sees the image and nothing of this machine, may write anywhere, and changes nothing for the next one.
TEST_F(ImageTaskTest, TheImageIsTheRoot) {
  const char* script =
      "ls /usr/bin; ls -a /; cat /etc/shadow; ls /home /root; id -u; echo mine > /usr/bin/new && echo wrote; "
      "rm /usr/bin/ls && echo removed; stat -c 'owner %u' /usr/bin/cat; cat /etc/hostname; echo home $HOME path $PATH";
  for (const char* name : {"first", "second"}) {
    std::string log = harness_.Run(harness_.Shell(name, script));
    EXPECT_THAT(log, HasSubstr("wrote\nremoved\n"));
    EXPECT_THAT(log, Not(HasSubstr("python3")));
    EXPECT_THAT(log, Not(HasSubstr("new\n")));
    EXPECT_THAT(log, HasSubstr("algo-1"));
    if (::geteuid() == 0) {
      EXPECT_THAT(log, HasSubstr("owner 0"));
    }
  }
}

// Its root is nobody on this machine: it can neither mount nor gain anything, and owns only its own users' files.
TEST_F(ImageTaskTest, RootInsideIsNobodyOutside) {
  std::string log = harness_.Run(
      harness_.Shell("root",
                     "while read -r line; do case $line in Cap*|NoNewPrivs*|Seccomp:*) echo $line;; esac; done < "
                     "/proc/self/status; cat /proc/self/uid_map; echo x > /proc/sys/kernel/hostname || echo refused; "
                     "echo x > /dev/x || echo refused; cat /dev/null && echo null"));
  EXPECT_THAT(log, HasSubstr("NoNewPrivs: 1"));
  EXPECT_THAT(log, HasSubstr("Seccomp: 2"));
  EXPECT_THAT(log, HasSubstr("CapBnd: 00000000000000fb"));
  EXPECT_THAT(log, testing::ContainsRegex("refused\n.*\nrefused\nnull"));
  if (::geteuid() == 0) {
    EXPECT_THAT(log, testing::ContainsRegex("0 +1610612736 +65536"));
  }
}

// What the image says of how it is run holds, unless the request says otherwise.
TEST_F(ImageTaskTest, ConfigurationIsHonoured) {
  Layer more{{"etc/passwd", "root:x:0:0:root:/root:/bin/sh\napp:x:1001:1001::/srv:/bin/sh\n"},
             {.path = "start",
              .content = "#!/bin/bash\necho start $* as $(id -u) in $PWD $MODE $HOME; "
                         "echo made > /opt/ml/model/m\n"}};
  std::string image = harness_.Load(
      "app", R"("Entrypoint":["/start","a"],"Cmd":["b"],"Env":["MODE=fast"],"User":"app","WorkingDir":"/work")", more);
  TaskSpec spec = harness_.Shell("own", "");
  spec.image = image;
  spec.command = {};
  spec.outputs = {{"/opt/ml/model", "s3://data/own.tar.gz", true, true, false}};
  EXPECT_THAT(harness_.Run(spec), HasSubstr("start a b as 1001 in /work fast /srv"));
  EXPECT_TRUE(fs::exists(harness_.ObjectPath("own.tar.gz")));
  spec.id = TaskId("arguments");
  spec.command = {"train"};
  EXPECT_THAT(harness_.Run(spec), HasSubstr("start a train as 1001"));
  spec.id = TaskId("entrypoint");
  spec.entrypoint = {"/bin/bash", "-c", "echo other $MODE"};
  spec.command = {};
  EXPECT_THAT(harness_.Run(spec), HasSubstr("other fast"));
}

// Links in an image lead to its own files, however they are meant.
TEST_F(ImageTaskTest, LinksStayInside) {
  std::string outside = harness_.directory() + "/outside";
  fs::create_directory(outside);
  Layer more{
      {"opt", "", AE_IFLNK, outside}, {"etc", "", AE_IFLNK, outside}, {"var", "", AE_IFLNK, "../../.." + outside}};
  TaskSpec spec = harness_.Shell("links", "ls /etc; echo ok > /opt/ml/model/m; echo fine");
  spec.image = harness_.Load("links", "", more);
  ASSERT_TRUE(harness_.backend().Start(spec).ok());
  harness_.WaitForEnd(spec.id);
  EXPECT_TRUE(fs::is_empty(outside)) << *fs::directory_iterator(outside);
}

// A server inside is reached through the task's socket, also after the backend has been opened again.
TEST_F(ImageTaskTest, PortsAreReachedThroughTheSocket) {
  TaskSpec spec = harness_.TaskHarness::Shell("server", "");
  spec.environment = "python";
  spec.command = {"python", "-u", "-c",
                  "import socket; s = socket.create_server(('127.0.0.1', 8080)); print('up');\n"
                  "while True:\n c, _ = s.accept(); c.sendall(b'hello ' + c.recv(100)); c.close()"};
  spec.port = 8080;
  ASSERT_TRUE(harness_.backend().Start(spec).ok());
  harness_.WaitForLog(spec.id, "up");
  auto ask = [&](const std::string& text) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::string path = harness_.backend().Observe(spec.id)->socket_path;
    path.copy(address.sun_path, path.size());
    os::Fd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (::connect(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) return std::string("away");
    EXPECT_EQ(::send(socket.get(), text.data(), text.size(), MSG_NOSIGNAL), static_cast<ssize_t>(text.size()));
    char answer[100];
    std::string all;
    for (ssize_t got = 0; (got = ::recv(socket.get(), answer, sizeof answer, 0)) > 0;)
      all.append(answer, static_cast<std::size_t>(got));
    return all;
  };
  EXPECT_EQ(ask("you"), "hello you");
  harness_.Close();
  EXPECT_EQ(ask("again"), "hello again");
  ASSERT_TRUE(harness_.backend().Remove(spec.id).ok());
}

// An image that is gone, or that names nothing to run, fails with that reason.
TEST_F(ImageTaskTest, WhatCannotRunIsSaid) {
  TaskSpec gone = harness_.Shell("gone", "true");
  gone.image = std::string(64, 'a');
  TaskSpec empty = harness_.Shell("empty", "");
  empty.command = {};
  for (const TaskSpec& spec : {gone, empty}) {
    ASSERT_TRUE(harness_.backend().Start(spec).ok());
    EXPECT_EQ(harness_.WaitForEnd(spec.id).outcome, Outcome::kCannotRun);
  }
  EXPECT_THAT(harness_.backend().Observe(gone.id)->failure, HasSubstr("not on this machine"));
  EXPECT_THAT(harness_.backend().Observe(empty.id)->failure, HasSubstr("nothing of what to run"));
}

}  // namespace
}  // namespace aloft::compute

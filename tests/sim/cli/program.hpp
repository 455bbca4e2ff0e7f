#pragma once
// Runs the pushsim binary as a user would, each test in a folder of its own.

#include <chrono>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include <sys/types.h>

namespace pushsim::testing {

namespace fs = std::filesystem;

/// A folder that goes with its object; XDG_STATE_HOME of the programs started in it points inside.
class Place {
  public:
    Place();
    ~Place();
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;

    const fs::path& path() const { return path_; }
    fs::path write(const std::string& name, const std::string& text) const;
    std::string read(const fs::path& name) const;
    bool has(const fs::path& name) const { return fs::exists(path_ / name); }
    /// Living processes that serve a stack whose folder is in here.
    std::vector<pid_t> servers() const;

  private:
    fs::path path_;
};

struct Ended {
    int exit_code = -1;  ///< 128 + N after signal N
    std::string out;
    std::string err;
    std::chrono::milliseconds took{};
};

class Program {
  public:
    Program(const Place& place, const std::vector<std::string>& arguments,
            const std::map<std::string, std::string>& environment = {},
            const std::vector<std::string>& through = {});
    ~Program();
    Program(const Program&) = delete;
    Program& operator=(const Program&) = delete;

    pid_t pid() const { return pid_; }
    void signal(int number) const;
    bool running();
    /// On standard error, up to now.
    bool said(const std::string& text) const;
    /// On standard output, up to now.
    std::string out() const;
    /// Kills the program when the limit has passed, just before the test itself is ended, which would leave
    /// it running. Generous: beside other tests a run takes three times as long as alone.
    Ended wait(std::chrono::seconds limit = std::chrono::seconds{580});

  private:
    const Place& place_;
    int number_;
    pid_t pid_ = -1;
    int status_ = 0;
    bool reaped_ = false;
    std::chrono::steady_clock::time_point began_;
};

Ended pushsim(const Place& place, const std::vector<std::string>& arguments,
              const std::map<std::string, std::string>& environment = {});

/// What `line` comes to, typed in the place's folder.
Ended shell(const Place& place, const std::string& line);

/// The value behind a name in the lines that `stack up` prints.
std::string value_of(const std::string& up, const std::string& name);
/// `--stack external` and where, of the stack that `stack up` printed; `changed` options have these values.
std::vector<std::string> external_options(const std::string& up,
                                          const std::map<std::string, std::string>& changed = {});

/// Looks every 20 ms, at most `limit`; what it gives is whether it came true.
template <typename Condition>
bool becomes(Condition condition, std::chrono::seconds limit = std::chrono::seconds{60});
void short_pause();

template <typename Condition>
bool becomes(Condition condition, std::chrono::seconds limit) {
    const auto until = std::chrono::steady_clock::now() + limit;
    while (!condition()) {
        if (std::chrono::steady_clock::now() >= until) return false;
        short_pause();
    }
    return true;
}

inline std::string scenario_file(const std::string& name) {
    return std::string(PUSHSIM_SOURCE_DIR) + "/scenarios/" + name + ".yaml";
}

}  // namespace pushsim::testing

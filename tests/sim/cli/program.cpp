#include "tests/sim/cli/program.hpp"

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <thread>

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

namespace pushsim::testing {
namespace {

std::string whole(const fs::path& file) {
    std::ifstream stream(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(stream), {}};
}

int next_number() {
    static int number = 0;
    return ++number;
}

}  // namespace

Place::Place() {
    std::string pattern = (fs::temp_directory_path() / "pushsim-test-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("mkdtemp failed");
    path_ = fs::canonical(pattern);
}

Place::~Place() {
    // A failed test must not leave servers behind either.
    for (const pid_t pid : servers())
        ::kill(pid, SIGKILL);
    // A pushsim that was killed has left what its record says.
    std::error_code ignored;
    if (fs::exists(path_ / "state", ignored)) pushsim(*this, {"stack", "clean"});
    fs::remove_all(path_, ignored);
}

fs::path Place::write(const std::string& name, const std::string& text) const {
    std::ofstream(path_ / name) << text;
    return path_ / name;
}

std::string Place::read(const fs::path& name) const {
    return whole(path_ / name);
}

std::vector<pid_t> Place::servers() const {
    std::vector<pid_t> found;
    const std::string mark = "PUSHSIM_STACK=" + path_.string();
    for (const auto& entry : fs::directory_iterator("/proc")) {
        const std::string name = entry.path().filename().string();
        if (name.find_first_not_of("0123456789") != std::string::npos) continue;
        if (whole(entry.path() / "environ").find(mark) != std::string::npos) found.push_back(std::stoi(name));
    }
    return found;
}

Program::Program(const Place& place, const std::vector<std::string>& arguments,
                 const std::map<std::string, std::string>& environment,
                 const std::vector<std::string>& through)
    : place_(place), number_(next_number()), began_(std::chrono::steady_clock::now()) {
    std::vector<std::string> words = through;
    words.emplace_back(PUSHSIM_BINARY);
    words.insert(words.end(), arguments.begin(), arguments.end());
    std::vector<char*> argv;
    for (auto& word : words)
        argv.push_back(word.data());
    argv.push_back(nullptr);
    const std::string out = (place.path() / (std::to_string(number_) + ".out")).string();
    const std::string err = (place.path() / (std::to_string(number_) + ".err")).string();
    const std::string state = (place.path() / "state").string();

    pid_ = ::fork();
    if (pid_ == 0) {
        ::setpgid(0, 0);
        if (::chdir(place.path().c_str()) != 0) ::_exit(126);
        ::setenv("XDG_STATE_HOME", state.c_str(), 1);
        for (const auto& [name, value] : environment)
            ::setenv(name.c_str(), value.c_str(), 1);
        ::dup2(::open("/dev/null", O_RDONLY), 0);
        ::dup2(::open(out.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600), 1);
        ::dup2(::open(err.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600), 2);
        ::execvp(argv[0], argv.data());
        ::_exit(127);
    }
}

Program::~Program() {
    if (running()) {
        ::kill(-pid_, SIGKILL);
        ::waitpid(pid_, &status_, 0);
    }
}

void Program::signal(int number) const {
    ::kill(pid_, number);
}

bool Program::running() {
    if (!reaped_ && ::waitpid(pid_, &status_, WNOHANG) == pid_) reaped_ = true;
    return !reaped_;
}

bool Program::said(const std::string& text) const {
    return place_.read(std::to_string(number_) + ".err").find(text) != std::string::npos;
}

std::string Program::out() const {
    return place_.read(std::to_string(number_) + ".out");
}

Ended Program::wait(std::chrono::seconds limit) {
    if (!becomes([this] { return !running(); }, limit)) {
        ::kill(-pid_, SIGKILL);
        ::waitpid(pid_, &status_, 0);
        reaped_ = true;
    }
    Ended ended;
    ended.exit_code = WIFEXITED(status_) ? WEXITSTATUS(status_) : 128 + WTERMSIG(status_);
    ended.out = place_.read(std::to_string(number_) + ".out");
    ended.err = place_.read(std::to_string(number_) + ".err");
    ended.took =
        std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - began_);
    return ended;
}

Ended pushsim(const Place& place, const std::vector<std::string>& arguments,
              const std::map<std::string, std::string>& environment) {
    return Program(place, arguments, environment).wait();
}

Ended shell(const Place& place, const std::string& line) {
    return Program(place, {}, {}, {"bash", "-c", line}).wait();
}

std::string value_of(const std::string& up, const std::string& name) {
    const std::size_t at = up.find("  " + name + " ");
    if (at == std::string::npos) return "";
    const std::size_t begin = up.find_first_not_of(' ', at + name.size() + 2);
    return up.substr(begin, up.find('\n', begin) - begin);
}

std::vector<std::string> external_options(const std::string& up,
                                          const std::map<std::string, std::string>& changed) {
    std::vector<std::string> arguments{"--stack", "external"};
    for (const char* name : {"verifier", "registrar", "registrar-tls", "ca", "admin-cert", "admin-key"}) {
        const auto other = changed.find(name);
        arguments.push_back(std::string("--") + name);
        arguments.push_back(other == changed.end() ? value_of(up, name) : other->second);
    }
    return arguments;
}

void short_pause() {
    std::this_thread::sleep_for(std::chrono::milliseconds{20});
}

}  // namespace pushsim::testing

#include "sim/cli/run_folder.hpp"

#include <cerrno>
#include <cstring>

#include <fmt/format.h>
#include <sys/stat.h>

namespace pushsim::cli {
namespace fs = std::filesystem;

Result<fs::path> make_run_folder(const fs::path& out, const std::string& name, std::uint64_t seed,
                                 WallTime now) {
    const std::string mend = "name a folder that you may write to with --out";
    std::error_code failed;
    fs::create_directories(out, failed);
    if (failed) {
        return fail(ErrorKind::System, fmt::format("cannot make {}: {}", out.string(), failed.message()),
                    mend);
    }
    // 2026-11-23T15:00:34.944070Z -> 20261123T150034Z
    std::string stamp = to_rfc3339(now).substr(0, 19);
    std::erase_if(stamp, [](char c) { return c == '-' || c == ':'; });
    const std::string base = fmt::format("{}Z-{}-{}", stamp, name, seed);
    for (int attempt = 1;; ++attempt) {
        const fs::path folder = out / (attempt == 1 ? base : fmt::format("{}-{}", base, attempt));
        if (::mkdir(folder.c_str(), 0700) != 0) {
            if (errno == EEXIST && attempt < 1000) continue;
            return fail(ErrorKind::System,
                        fmt::format("cannot make {}: {}", folder.string(), std::strerror(errno)), mend);
        }
        // The link is a convenience; a file system without links does without.
        const fs::path link = out / "latest",
                       fresh = out / fmt::format(".latest-{}", folder.filename().string());
        fs::create_directory_symlink(folder.filename(), fresh, failed);
        if (!failed) fs::rename(fresh, link, failed);
        return folder;
    }
}

std::optional<fs::path> history_of(const fs::path& what) {
    std::error_code failed;
    if (what.extension() == ".jsonl") return what;
    if (fs::exists(what / "history.jsonl", failed)) return what / "history.jsonl";
    return std::nullopt;
}

}  // namespace pushsim::cli

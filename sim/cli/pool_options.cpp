#include "sim/cli/pool_options.hpp"

#include <string>

#include <CLI/CLI.hpp>

#include "sim/cli/command_line.hpp"
#include "sim/cli/stack_options.hpp"
#include "sim/cli/usage_error.hpp"
#include "sim/pool/pool.hpp"

namespace pushsim::cli {
namespace {

constexpr std::uint64_t kMostJobs = 256;

void add_which(CLI::App& command, PoolOptions& options) {
    command.add_option("pool", options.pool, "a name, or a file: with a '/', or ending in .pool")
        ->type_name("POOL|FILE")
        ->capture_default_str();
}

void add_make(CLI::App& pool, CommandLine& line) {
    PoolOptions& options = line.pool;
    auto* make = pool.add_subcommand(
        "make",
        "Makes one, or makes it larger; by name it is made again where it is damaged or of another libtpms");
    add_which(*make, options);
    make->add_option("--count", options.count, "TPMs, at least")
        ->type_name("NUMBER")
        ->transform(whole_number(1, pool::max_count))
        ->capture_default_str();
    make->add_option("--ak", options.ak,
                     "of a new pool: primary (default), or child: under the EK, slower to make. A group of a "
                     "scenario has `ak: child` if it does not say `ak: primary`")
        ->check(one_of({"primary", "child"}));
    make->add_flag("--ek-certificates", options.ek_certificates,
                   "of a new pool: EK certificates of a test CA, which goes into NAME.ca.pem beside it");
    make->add_option("--jobs", options.jobs, "so many at once; as there are processors by default")
        ->type_name("NUMBER")
        ->transform(whole_number(1, kMostJobs));
    make->footer(
        "Examples:\n"
        "  pushsim pool make                        the pool 'default'\n"
        "  pushsim pool make big --count 10000      about 30 ms of two processors for each TPM\n"
        "  pushsim pool make ./shared.pool          in a file of your own, which nothing replaces\n\n"
        "TPMs that are there stay when it is made larger. Ctrl-C keeps what was made; the same command goes "
        "on. "
        "The file holds every secret of its TPMs.\n\n"
        "Exit codes: 0 it is there, 2 usage, or it has other keys than asked for, 3 it could not be written, "
        "130 "
        "interrupted.");
    make->callback([&line] { line.exit = pool_make(line.pool); });
}

}  // namespace

void add_pool(CLI::App& app, CommandLine& line) {
    PoolOptions& options = line.pool;
    auto* pool = app.add_subcommand("pool", "TPMs with their keys, made once and kept for fleets");
    pool->require_subcommand(1);
    pool->footer("Example: pushsim pool make --count 300");
    add_make(*pool, line);
    auto* list = pool->add_subcommand(
        "list",
        "Those that have a name, and whether they are whole and of this libtpms (what is in them: verify)");
    add_format(*list, options.format);
    list->footer("Example: pushsim pool list --format json");
    list->callback([&line] { line.exit = pool_list(line.pool); });
    auto* verify = pool->add_subcommand(
        "verify", "Reads all of one, powers on each TPM, and has quotes of a sample verified by OpenSSL");
    add_which(*verify, options);
    add_format(*verify, options.format);
    verify->footer(
        "Example: pushsim pool verify big\n\n"
        "Exit codes: 0 all of it holds, 1 something does not, 2 there is none, 3 it could not be read, 130 "
        "interrupted.");
    verify->callback([&line] { line.exit = pool_verify(line.pool); });
    auto* drop = pool->add_subcommand("drop", "Removes one that has a name; its TPMs are gone for good");
    drop->add_option("pool", options.pool, "its name")->type_name("POOL")->required();
    drop->footer("Example: pushsim pool drop big");
    drop->callback([&line] { line.exit = pool_drop(line.pool); });
}

}  // namespace pushsim::cli

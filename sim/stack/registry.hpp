#pragma once
// The registry of local stacks: one JSON record per stack, written before its servers start, so that whatever
// a killed pushsim left can be found and ended.

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "agent/base/result.hpp"
#include "agent/base/time.hpp"
#include "sim/stack/address.hpp"
#include "sim/stack/process.hpp"

namespace pushsim::stack {

/// Variables in every server's environment: the stack's folder, for a person who looks at processes, and its
/// id, by which we find them. Two stacks may have the same folder: as others see it, in another container.
inline constexpr const char* kFolderVariable = "PUSHSIM_STACK";
inline constexpr const char* kIdVariable = "PUSHSIM_STACK_ID";

/// Absolute, without links as far as it exists: what names a stack.
std::filesystem::path canonical_path(const std::filesystem::path& path);

struct StackRecord {
    std::filesystem::path folder;  ///< canonical_path(); names the stack in its registry
    std::string id;                ///< random, 16 hex digits; of this start alone
    ProcessId owner;
    std::string boot;               ///< boot_identity() of the owner
    std::vector<ProcessId> groups;  ///< leaders of the servers' groups, as far as they were started
    bool kept = false;              ///< `stack up`: lives on without its owner
    std::string started;            ///< RFC 3339
    std::vector<std::filesystem::path> litter;  ///< outside the folder, to be removed at the end
    StackAddress address;                       ///< ports and certificates; ports are claimed from here on

    bool owner_lives() const;
    /// It is of this boot, but of another space of process numbers (a container): its processes may live,
    /// and cannot be seen from here.
    bool out_of_sight() const;
    /// Its servers, as far as they live: the recorded groups, where their leader is the recorded one, and
    /// every process with its id in the environment.
    std::vector<ProcessId> processes() const;
};

std::string to_json_text(const StackRecord& record);
/// ErrorKind::Parse, naming the member.
Result<StackRecord> parse_record(const std::string& text);

/// `$XDG_STATE_HOME/pushsim/NAME`, else `~/.local/state/pushsim/NAME`, made (0700) when missing.
/// ErrorKind::System with the way out (set XDG_STATE_HOME) if it cannot be.
Result<std::filesystem::path> state_folder(const std::string& name);

/// The folder of records. Every write is atomic; nothing is cached.
class Registry {
  public:
    /// state_folder("stacks").
    static Result<Registry> open();
    static Result<Registry> open(const std::filesystem::path& folder);

    /// All readable records of this machine; one that is no record is left out.
    std::vector<StackRecord> all() const;
    std::optional<StackRecord> find(const std::filesystem::path& stack_folder) const;
    Result<void> write(const StackRecord& record) const;
    void remove(const std::filesystem::path& stack_folder) const;

    /// Held by whoever chooses ports until it has written its record. Blocks; ends with the object.
    std::shared_ptr<void> lock() const;

    const std::filesystem::path& folder() const { return folder_; }

  private:
    explicit Registry(std::filesystem::path folder) : folder_(std::move(folder)) {}
    std::filesystem::path record_file(const std::filesystem::path& stack_folder) const;
    std::filesystem::path folder_;
};

/// A stack that was ended for its owner.
struct EndedStack {
    std::filesystem::path folder;
    pid_t owner = 0;
    std::size_t ended_processes = 0;
    std::vector<pid_t> survivors;  ///< what could not be ended; its record stays

    /// "ended 4 processes that a killed pushsim (process 4711) had left (/path/to/stack)", for a person.
    std::string text() const;
};

/// Ends all processes of a stack, those too that its servers start meanwhile, and removes its litter and its
/// record. Not for a stack that is out_of_sight().
EndedStack end_stack(const StackRecord& record, const Registry& registry, Duration patience,
                     const Clock& clock);

/// Ends what dead owners left: stacks that were not kept, whose owner is gone. Never by name, never a process
/// whose number was used again. Records of other boots are dropped; those out_of_sight() are left alone.
/// Stacks whose processes were gone already are dropped without mention.
std::vector<EndedStack> clean_leftovers(const Registry& registry, const Clock& clock);

/// Removes the sockets that servers which were killed leave: shared_data.<pid>.sock in /run/keylime and in
/// `runtime_folder`/keylime.
void remove_stale_sockets(const std::vector<ProcessId>& servers, const std::filesystem::path& runtime_folder);

}  // namespace pushsim::stack

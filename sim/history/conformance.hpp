#pragma once
// What a conformance run set out to decide: so that its report can be made from the history alone, by a
// version that has another registry.

#include <string>
#include <vector>

namespace pushsim::history {

/// One sentence of specified behaviour (scenarios/requirements.yaml).
struct Requirement {
    std::string id;                            ///< KPM-<AREA>-<nnn>
    std::string text;                          ///< one sentence, in our own words
    std::string level = "MUST";                ///< MUST, SHOULD, MAY (RFC 2119)
    std::string binds = "verifier";            ///< verifier, registrar, agent
    std::string since = {};                    ///< the first Keylime that it is for; empty: each
    std::vector<std::string> sources = {};     ///< document section, code path with version
    std::vector<std::string> tags = {};        ///< to select by
    std::vector<std::string> decided_by = {};  ///< names of scenarios, or scenario/case; empty: planned
    std::string planned = {};  ///< the fault or feature that deciding it waits for; else empty
    bool withheld = false;     ///< reports show neither exchange nor parameters of what decides it

    /// "EVID" of KPM-EVID-007.
    std::string area() const {
        const auto begin = id.find('-') + 1;
        return id.substr(begin, id.find('-', begin) - begin);
    }
    bool operator==(const Requirement&) const = default;
};

/// A known difference of the Keylime under test from a requirement, as it was observed: anything else is a
/// new failure (scenarios/deviations).
struct Deviation {
    std::string requirement;
    std::string case_id = {};   ///< scenario, or scenario/case, in which it shows; empty: in each
    std::string observed = {};  ///< in words: "answered 500"; empty where it is withheld
    std::string reference;      ///< issue, or where it is described
    std::string since = {};     ///< Keylime versions, both belong to it; empty: not known
    std::string until = {};
    bool intermittent = false;  ///< comes by chance: not seen is not fixed
    bool withheld = false;
    std::vector<std::string> checks = {};  ///< that find something wrong then, too

    bool operator==(const Deviation&) const = default;
};

/// Kept from running, and why.
struct Excluded {
    std::string requirement;
    std::string reason;

    bool operator==(const Excluded&) const = default;
};

/// Of a requirement not all cases that decide it are played.
struct InPart {
    std::string requirement;
    int cases = 0;     ///< that are played
    int of = 0;        ///< that there are
    int excluded = 0;  ///< of those that are not played, by --exclude; the others were not asked for

    bool operator==(const InPart&) const = default;
};

/// After the head, once in the history of a conformance run.
struct Conformance {
    std::string profile;                         ///< quick, full, …; empty: selected by hand
    std::string selection;                       ///< in words, of a selection by hand
    std::vector<Requirement> requirements = {};  ///< selected, in the order of their ids
    std::vector<Deviation> deviations = {};      ///< of the Keylime version found, and of these requirements
    std::string deviations_file = {};            ///< where they are from; empty: none
    std::vector<Excluded> excluded = {};
    std::vector<InPart> in_part = {};
    bool strict = false;     ///< deviations are failures
    std::string again = {};  ///< command that plays one case or requirement, `{}`, as this run did; empty:
                             ///< pushsim conformance {}

    bool operator==(const Conformance&) const = default;
};

}  // namespace pushsim::history

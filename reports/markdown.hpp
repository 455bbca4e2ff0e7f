#pragma once
// Markdown as GitHub and GitLab show it (GitHub Flavored Markdown 0.29), of text that others wrote: none of
// it becomes markup, a mention or a reference.

#include <string>
#include <string_view>
#include <vector>

namespace pushsim::reports::markdown {

/// On one line. It must not stand at the beginning of a line, where a list or heading could begin with it.
std::string escaped(std::string_view text);

/// The same, but what stands between single backticks is a code span, as people write names in sentences.
/// Not for a table.
std::string prose(std::string_view text);

/// A code span, on one line, for anywhere but a table; empty for an empty text.
std::string code(std::string_view text);

/// A block of its own between fences longer than any in the text. `language` may be empty.
std::string fenced(std::string_view text, std::string_view language = "");

/// A heading, a blank line and the entries, each as it is, as long as they have room within so many octets;
/// then how many more there are, and where. Empty where there are no entries. The heading may be empty.
std::string section(const std::string& heading, const std::vector<std::string>& entries, std::size_t octets,
                    const std::string& where_the_rest_is);

}  // namespace pushsim::reports::markdown

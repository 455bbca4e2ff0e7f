#pragma once
// The page that reports are put into: the files of reports/html, as they were when the program was built.

#include <string_view>

namespace pushsim::reports::page {

struct Embedded {
    std::string_view text;
    std::string_view sha256;  ///< hexadecimal
};

extern const Embedded page_html;  ///< with {{places}} for what html() puts in
extern const Embedded page_css;
extern const Embedded tools_js;
extern const Embedded timeline_js;
extern const Embedded cases_js;
extern const Embedded filters_js;
extern const Embedded page_js;

}  // namespace pushsim::reports::page

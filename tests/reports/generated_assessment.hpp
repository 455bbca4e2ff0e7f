#pragma once
// Assessments as chance has them: any standing, any octets in texts.

#include <rapidcheck.h>

#include "tests/reports/assessment.hpp"

namespace pushsim::reports::test {

rc::Gen<Assessed> generated_assessment();

}  // namespace pushsim::reports::test

#include "sim/scenario/exact_math.hpp"

#include <cfloat>
#include <cmath>
#include <numbers>

namespace pushsim::scenario {

static_assert(FLT_EVAL_METHOD == 0, "doubles are computed in more than 64 bits here: draws would differ");

double exact_log(double x) {
    int exponent = 0;
    double fraction = std::frexp(x, &exponent);  // exact
    if (fraction < std::numbers::sqrt2 / 2) {
        fraction *= 2;
        --exponent;
    }
    // ln f = 2 (s + s^3/3 + s^5/5 + ...) with s = (f - 1) / (f + 1), here at most 0.172.
    const double s = (fraction - 1) / (fraction + 1);
    double sum = 0;
    for (int power = 21; power >= 1; power -= 2)
        sum = sum * (s * s) + 1.0 / power;
    return exponent * std::numbers::ln2 + 2 * s * sum;
}

double exact_cos_of_turns(double turns) {
    if (turns > 0.5) turns = 1 - turns;
    if (turns > 0.25) return -exact_cos_of_turns(0.5 - turns);
    // cos a = 1 - a^2/(1*2) (1 - a^2/(3*4) (1 - ...)) with a at most pi/2.
    const double a = 2 * std::numbers::pi * turns;
    double sum = 1;
    for (int n = 24; n >= 2; n -= 2)
        sum = 1 - a * a / ((n - 1) * n) * sum;
    return sum;
}

}  // namespace pushsim::scenario

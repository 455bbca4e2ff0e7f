#pragma once
// Functions of which a C library's differ in the last bit from machine to machine. These are made of
// additions, multiplications and divisions of doubles alone, which IEEE 754 rounds alike everywhere, so that
// a seed draws the same on every machine. They are compiled with -ffp-contract=off: a fused a + b * c rounds
// once.

namespace pushsim::scenario {

/// The natural logarithm of x, which is above 0 and normal; to some 1e-15 of its value.
double exact_log(double x);

/// The cosine of so many turns, from 0 to 1; to some 1e-15.
double exact_cos_of_turns(double turns);

}  // namespace pushsim::scenario

#pragma once
// The prose of the reference page, Markdown of at most 110 columns. What is a list of names is made from the
// tables; reference.cpp puts both together.

namespace pushsim::scenario {

extern const char* const kReferenceStart;
extern const char* const kReferenceValues;
extern const char* const kReferenceSteps;
extern const char* const kReferenceFaults;
extern const char* const kReferenceExpect;
extern const char* const kReferenceMatrix;
extern const char* const kReferenceCases;
extern const char* const kReferenceRequest;
extern const char* const kReferenceRecipes;
extern const char* const kReferenceChoices;

}  // namespace pushsim::scenario

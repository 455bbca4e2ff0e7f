#pragma once
// The system under test: find Keylime, start it, talk to it as its tenant, read its verdicts, stop it.
//
//   auto keylime = find_keylime(option_or_default);
//   auto registry = Registry::open();
//   for (const EndedStack& left : clean_leftovers(*registry, clock)) …say so…
//   auto stack = LocalStack::start({.keylime = *keylime, .folder = run / "stack"}, *registry, clock);
//   Tenant tenant((*stack)->address(), clock);
//   VerdictReader verdicts((*stack)->address(), clock);

#include "sim/stack/address.hpp"
#include "sim/stack/config.hpp"
#include "sim/stack/control.hpp"
#include "sim/stack/install.hpp"
#include "sim/stack/local_stack.hpp"
#include "sim/stack/registry.hpp"
#include "sim/stack/tenant.hpp"
#include "sim/stack/verdicts.hpp"

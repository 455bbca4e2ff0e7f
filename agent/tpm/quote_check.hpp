#pragma once
// What whoever asked for a quote checks of it, with OpenSSL.

#include "agent/base/bytes.hpp"
#include "agent/base/result.hpp"
#include "agent/tpm/types.hpp"

namespace pushsim::tpm {

/// That the quote is signed (RSASSA, SHA-256) by the key of this marshalled TPM2B_PUBLIC, is over the
/// challenge, and that its digest is the one of its PCR values. ErrorKind::Tpm says what does not hold.
Result<void> check_quote(const Quote& quote, ByteView challenge, ByteView ak_public);

}  // namespace pushsim::tpm

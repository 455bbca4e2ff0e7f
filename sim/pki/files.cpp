#include "agent/base/files.hpp"

#include "sim/pki/pki.hpp"

namespace pushsim::pki {

Result<CredentialFiles> write_files(const Credentials& credentials, const std::filesystem::path& folder,
                                    const std::string& name) {
    const CredentialFiles files{folder / (name + "-cert.pem"), folder / (name + "-key.pem")};
    if (const auto done = write_file(files.certificate, credentials.certificate_pem, 0644); !done) {
        return fail(done.error());
    }
    if (const auto done = write_file(files.key, credentials.key_pem, 0600); !done) return fail(done.error());
    return files;
}

Result<std::filesystem::path> write_certificate(const std::string& certificate_pem,
                                                const std::filesystem::path& file) {
    if (const auto done = write_file(file, certificate_pem, 0644); !done) return fail(done.error());
    return file;
}

}  // namespace pushsim::pki

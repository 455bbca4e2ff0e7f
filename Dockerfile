# pushsim with the pinned Keylime, ready to play: it needs neither network nor privileges, only loopback.
#   docker build -t pushsim .
#   docker run --rm --network none -v pushsim-runs:/work/runs pushsim                          # quick conformance
#   docker run --rm --network none -v pushsim-runs:/work/runs pushsim conformance --profile full
# As another user, so that a folder of yours can take the runs: --user "$(id -u):$(id -g)" -v "$PWD/runs:/work/runs"

FROM debian:bookworm-slim AS build
WORKDIR /opt/pushsim
COPY scripts/setup scripts/packages.txt scripts/
RUN scripts/setup --only build
COPY . .
ARG PUSHSIM_JOBS=2
RUN scripts/build release pushsim

FROM debian:bookworm-slim
WORKDIR /opt/pushsim
COPY scripts/setup scripts/packages.txt scripts/
COPY scripts/keylime scripts/keylime
RUN PIP_NO_CACHE_DIR=1 scripts/setup --only run && rm -rf /var/lib/apt/lists/* scripts
COPY --from=build /opt/pushsim/build/release/bin/pushsim /usr/local/bin/
COPY LICENSE ./
COPY scenarios scenarios
# State lies where any user can write; runs go to a volume, which begins as this folder is: open to any user.
ENV PUSHSIM_SCENARIOS=/opt/pushsim/scenarios PUSHSIM_KEYLIME_HOME=/opt/pushsim/.keylime XDG_STATE_HOME=/tmp/state
RUN pushsim --version && useradd --system --no-create-home pushsim && install -d -m 1777 /work /work/runs
USER pushsim
WORKDIR /work
VOLUME /work/runs
ENTRYPOINT ["pushsim"]
CMD ["conformance"]

# A source checkout of Keylime in place of the release, with the release's Python packages. Its context is the checkout.
#   docker build -f kind/images/keylime/checkout.Dockerfile --build-arg KEYLIME=pushsim-keylime:7.14.3 \
#       -t pushsim-keylime:checkout DIR
ARG KEYLIME=pushsim-keylime:7.14.3
FROM ${KEYLIME}
LABEL pushsim.keylime="checkout"
COPY keylime /opt/keylime/checkout/keylime
ENV PYTHONPATH=/opt/keylime/checkout
USER 0
RUN python -m compileall -q /opt/keylime/checkout \
    && python -c 'import keylime; assert keylime.__path__[0].startswith("/opt/keylime/checkout")'
USER 10001:10001

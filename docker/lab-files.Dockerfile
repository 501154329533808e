# Image of a one-shot helper of compose.yaml: writes the lab's certificates, subscribers and USIM files. Build from the
# top of the tree:
#   docker build -f docker/lab-files.Dockerfile -t msgin5g/lab-files .
ARG BASE=debian:12
FROM ${BASE}
LABEL org.opencontainers.image.title="lab-files" \
    org.opencontainers.image.description="Makes certificates, subscribers and USIM files for an MSGin5G lab" \
    org.opencontainers.image.licenses="Apache-2.0"
RUN apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends openssl \
    && rm -rf /var/lib/apt/lists/*
COPY tests/support/make_certs.sh docker/make_lab_files.sh /opt/lab-files/
# New volumes take over the owner of what they cover.
RUN install -d -m 700 -o 65532 -g 65532 /lab/akma-aanf /lab/msgin5g-server /lab/ue1 /lab/ue2
USER 65532:65532
ENTRYPOINT ["/opt/lab-files/make_lab_files.sh"]
CMD ["/lab"]

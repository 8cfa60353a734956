# One image for every role; the command says which. It holds neither PostgreSQL nor a browser, needs no
# build step, and keeps nothing: mount what KEYSTORE and JOURNAL name. It runs with a root file system
# that cannot be written to.
#
#   docker build -t sotto .
#   docker run --read-only --env-file worker.env -v sotto-worker:/var/lib/sotto sotto worker
#
# By digest: docker build --build-arg NODE_IMAGE=node:26.10.0-slim@sha256:… (docs/operations.md).
ARG NODE_IMAGE=node:26.10.0-slim

FROM ${NODE_IMAGE} AS packages
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# The optional packages are another Node and the PostgreSQL to try Sotto with.
RUN npm ci --omit=dev --omit=optional --ignore-scripts
COPY scripts/prune-packages.mjs scripts/
RUN node scripts/prune-packages.mjs node_modules

FROM ${NODE_IMAGE}
LABEL org.opencontainers.image.title="Sotto" \
      org.opencontainers.image.description="Appointment reminders that say nothing" \
      org.opencontainers.image.licenses="Apache-2.0"
WORKDIR /app
COPY --from=packages /app/node_modules node_modules
COPY package.json LICENSE SECURITY.md ./
COPY bin bin
COPY config config
COPY src src
COPY workers workers
# With SECURITY.md the guides that the api serves.
COPY docs docs

# A volume that is mounted on one of these begins with its owner and mode. Private ones are their
# owner's alone, as every role checks at its start. By number: who runs the image can tell that it is
# not root.
RUN cd /var/lib && install -d -o 1000 -g 1000 -m 0755 sotto sotto/keys sotto/keys/public \
      sotto/keys/public/epoch sotto/keys/public/view sotto/keys/public/receipt \
      sotto/keys/public/webhook sotto/keys/public/canary sotto/keys/public/audit \
      sotto/keys/public/erasure \
 && cd sotto && install -d -o 1000 -g 1000 -m 0700 journal journal/api journal/patient \
      journal/worker journal/command-line scheduler-journal keys/api keys/callback keys/link keys/opt-out \
      keys/patient keys/pepper keys/scheduler keys/worker
ENV NODE_ENV=production HOST=0.0.0.0 DATA_DIR=/var/lib/sotto
USER 1000:1000
# API_PORT, PATIENT_PORT and OPS_PORT; worker and scheduler listen on nothing.
EXPOSE 3000 3001 3002
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s CMD ["node", "/app/bin/sotto.mjs", "healthcheck"]
# No shell in between: SIGTERM reaches the process, which finishes what is under way. No debugger opens
# on a signal, and a small young generation saves 8 MB a process.
ENTRYPOINT ["node", "--disable-sigusr1", "--max-semi-space-size=4", "/app/bin/sotto.mjs"]
CMD ["help"]

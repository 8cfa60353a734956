# One image for every role; the command says which. It holds neither PostgreSQL nor a browser, and
# keeps nothing: mount what KEYSTORE and JOURNAL name.
#
#   docker build -t sotto .
#   docker run --env-file worker.env -v /srv/sotto/worker:/var/lib/sotto sotto node src/cli.ts worker
FROM node:26-slim

WORKDIR /app

# The optional packages are another Node and the PostgreSQL to try Sotto with.
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev --omit=optional --ignore-scripts && npm cache clean --force

COPY bin bin
COPY config config
COPY src src
COPY workers workers

RUN install -d -o node -g node -m 0700 /var/lib/sotto
USER node
ENV NODE_ENV=production HOST=0.0.0.0 DATA_DIR=/var/lib/sotto

# No shell in between: SIGTERM reaches the process, which finishes what is under way.
CMD ["node", "src/cli.ts", "help"]

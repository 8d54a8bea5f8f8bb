# The companion backend. Debian, not Alpine: the embedded PostgreSQL is built for glibc.
#   docker build -t tandem .
#   docker run -p 7080:7080 -v tandem-data:/data --env-file tandem.env tandem
# With DATABASE_URL set, PostgreSQL is the operator's and /data stays empty.
FROM node:24-bookworm-slim AS packages
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev --no-audit --no-fund

FROM node:24-bookworm-slim
# tini reaps children: a killed PostgreSQL would otherwise stay as a zombie below process 1.
RUN apt-get update \
 && apt-get install -y --no-install-recommends tini ca-certificates \
 && rm -rf /var/lib/apt/lists/*
WORKDIR /app
COPY --from=packages /app/node_modules node_modules
COPY package.json LICENSE ./
COPY backend backend
# The account `node` (1000) comes with the image. PostgreSQL refuses root, and so does good sense.
RUN install -d -o node -g node -m 0700 /data
USER node
ENV NODE_ENV=production HOST=0.0.0.0 PORT=7080 DATA_DIR=/data
VOLUME /data
EXPOSE 7080
HEALTHCHECK --interval=15s --timeout=5s --start-period=60s --retries=4 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT}/health/live`).then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
# The embedded PostgreSQL needs a moment for its last checkpoint: give `docker stop` at least 40 s (--time 40).
ENTRYPOINT ["tini", "--"]
CMD ["node", "--max-old-space-size=160", "--max-semi-space-size=12", "backend/main.ts"]

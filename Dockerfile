# The binary is static and brings its pages and time zones along, so the image
# holds nothing else: no shell, no package manager.
FROM golang:1.26.8-bookworm AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
RUN --mount=type=cache,target=/root/.cache/go-build CGO_ENABLED=0 go build -trimpath -buildvcs=false -tags timetzdata -ldflags="-s -w" -o /out/matchfloor .
RUN mkdir -p /out/data /out/tmp

FROM scratch
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
COPY --from=build --chown=65532:65532 /out/data /data
COPY --from=build --chown=65532:65532 /out/tmp /tmp
COPY --from=build /out/matchfloor /matchfloor
COPY LICENSE /LICENSE
USER 65532:65532
ENV MATCHFLOOR_ADDR=:8080
EXPOSE 8080
VOLUME /data
HEALTHCHECK --interval=5s --timeout=3s --start-period=10s CMD ["/matchfloor", "health", "--url", "http://127.0.0.1:8080/readyz"]
ENTRYPOINT ["/matchfloor"]
CMD ["serve", "--data", "/data"]

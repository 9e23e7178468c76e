package e2e_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/compose-spec/compose-go/v2/cli"
	"github.com/compose-spec/compose-go/v2/types"
)

// The files that an operator starts are checked here without a container engine: the Compose
// file with the library that Docker itself uses, the balancer's file with HAProxy, and the
// Dockerfile by its instructions.

var composeNodes = []string{"node-a", "node-b"}

func composeProject(t *testing.T) *types.Project {
	t.Helper()
	options, err := cli.NewProjectOptions([]string{"../docker-compose.yml"}, cli.WithName("matchfloor"))
	if err != nil {
		t.Fatal(err)
	}
	project, err := options.LoadProject(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return project
}

func composeService(t *testing.T, project *types.Project, name string) types.ServiceConfig {
	t.Helper()
	service, err := project.GetService(name)
	if err != nil {
		t.Fatal(err)
	}
	return service
}

func TestCompose_NodesShareOneConfiguration(t *testing.T) {
	project := composeProject(t)
	a, b := composeService(t, project, composeNodes[0]), composeService(t, project, composeNodes[1])
	for name, value := range a.Environment {
		if other := b.Environment[name]; other == nil || value == nil || *other != *value {
			t.Errorf("%s differs between the composeNodes", name)
		}
	}
	for _, want := range []string{"ADDR", "REDIS", "KEY_FILE", "PUBLIC_URL", "TRUSTED_PROXY"} {
		if value := a.Environment["MATCHFLOOR_"+want]; value == nil || *value == "" {
			t.Errorf("MATCHFLOOR_%s is not set", want)
		}
	}
	if len(a.Environment) != 5 {
		t.Errorf("a variable that is no flag of serve: %v", a.Environment)
	}
	if got := strings.Join(a.Command, " "); got != "serve" {
		t.Errorf("a node runs %q; its command must not name a data directory, because it uses Redis", got)
	}
}

func TestCompose_KeyIsASecretFile(t *testing.T) {
	project := composeProject(t)
	secret, ok := project.Secrets["instance_key"]
	if !ok || secret.File == "" || secret.Environment != "" {
		t.Fatalf("the instance key is not a secret by file: %+v", secret)
	}
	for _, name := range composeNodes {
		node := composeService(t, project, name)
		if len(node.Secrets) != 1 || *node.Environment["MATCHFLOOR_KEY_FILE"] != "/run/secrets/"+node.Secrets[0].Source {
			t.Errorf("%s does not read its key from the secret", name)
		}
	}
	for _, file := range []string{"../.gitignore", "../.dockerignore"} {
		if !slices.Contains(fileLines(t, file), "/"+filepath.Base(secret.File)) {
			t.Errorf("%s lets the key through", file)
		}
	}
}

func TestCompose_RedisIsDurableAndInternal(t *testing.T) {
	project := composeProject(t)
	redis := composeService(t, project, "redis")
	command := strings.Join(redis.Command, " ")
	for _, setting := range []string{"--appendonly yes", "--appendfsync always", "--maxmemory-policy noeviction", "--protected-mode no"} {
		if !strings.Contains(command, setting) {
			t.Errorf("Redis runs without %s", setting)
		}
	}
	if len(redis.Volumes) != 1 || redis.Volumes[0].Type != types.VolumeTypeVolume || redis.Volumes[0].Target != "/data" {
		t.Errorf("the logs are not on a named volume: %+v", redis.Volumes)
	}
	if len(redis.Ports) > 0 || !project.Networks["back"].Internal || len(redis.Networks) != 1 {
		t.Error("Redis can be reached from outside")
	}
}

func TestCompose_ServicesHaveHealthChecksAndPinnedImages(t *testing.T) {
	project := composeProject(t)
	pinned := regexp.MustCompile(`^[a-z]+:\d+\.\d+\.\d+(-[a-z]+)?$`)
	for name, service := range project.Services {
		if service.HealthCheck == nil || len(service.HealthCheck.Test) == 0 {
			t.Errorf("%s has no health check", name)
		}
		if service.Restart != types.RestartPolicyUnlessStopped {
			t.Errorf("%s is not started again: %q", name, service.Restart)
		}
		if service.Build == nil && !pinned.MatchString(service.Image) {
			t.Errorf("%s runs %s, which is no full version", name, service.Image)
		}
	}
	for _, name := range composeNodes {
		node := composeService(t, project, name)
		if node.DependsOn["redis"].Condition != types.ServiceConditionHealthy {
			t.Errorf("%s does not wait for Redis", name)
		}
		if node.StopGracePeriod == nil || time.Duration(*node.StopGracePeriod) <= 10*time.Second {
			t.Errorf("%s is killed before it has drained", name)
		}
		if len(node.Ports) > 0 {
			t.Errorf("%s can be reached past the balancer", name)
		}
		if node.Build.Dockerfile != "Dockerfile" {
			t.Errorf("%s is not built from the Dockerfile", name)
		}
	}
}

// Containers that phones connect to have as many open files as docs/OPERATIONS.md says, or as
// the engine can give.
func TestCompose_OpenFilesFollowTheEnvironment(t *testing.T) {
	for value, want := range map[string]int{"": 65_536, "20000": 20_000} {
		t.Setenv("MATCHFLOOR_OPEN_FILES", value)
		options, err := cli.NewProjectOptions([]string{"../docker-compose.yml"}, cli.WithName("matchfloor"), cli.WithOsEnv)
		if err != nil {
			t.Fatal(err)
		}
		project, err := options.LoadProject(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range append(slices.Clone(composeNodes), "balancer") {
			if limit := composeService(t, project, name).Ulimits["nofile"]; limit == nil || limit.Single != want {
				t.Errorf("MATCHFLOOR_OPEN_FILES=%q: %s has %+v", value, name, limit)
			}
		}
	}
}

// The nodes trust forwarding headers from the balancer's network only.
func TestCompose_TrustsOnlyTheBalancersNetwork(t *testing.T) {
	project := composeProject(t)
	balancer, node := composeService(t, project, "balancer"), composeService(t, project, composeNodes[0])
	front := project.Networks["front"]
	if len(front.Ipam.Config) != 1 || *node.Environment["MATCHFLOOR_TRUSTED_PROXY"] != front.Ipam.Config[0].Subnet {
		t.Error("the trusted proxy is not the network of the balancer")
	}
	if _, onFront := balancer.Networks["front"]; !onFront || len(balancer.Networks) != 1 {
		t.Errorf("the balancer is on %v", balancer.Networks)
	}
	for variable, name := range map[string]string{"NODE_A": composeNodes[0], "NODE_B": composeNodes[1]} {
		if got := *balancer.Environment[variable]; got != name+*node.Environment["MATCHFLOOR_ADDR"] {
			t.Errorf("%s=%s", variable, got)
		}
	}
}

func TestHAProxyConfiguration_IsValid(t *testing.T) {
	text := strings.Join(fileLines(t, "../deploy/haproxy.cfg"), "\n")
	for _, want := range []string{
		"timeout connect 500ms", // how long a command waits for a dead node
		"timeout tunnel 1h",
		"balance leastconn",
		"http-check send meth GET uri /readyz",
		"http-request set-header X-Forwarded-For %[src]",
		"http-request deny deny_status 404 if { path_beg /metrics }",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("haproxy.cfg lacks %q", want)
		}
	}
	haproxy, err := exec.LookPath("haproxy")
	if err != nil {
		t.Skip("haproxy is not installed, which make check does")
	}
	check := exec.CommandContext(t.Context(), haproxy, "-c", "-f", "../deploy/haproxy.cfg")
	check.Env = append(os.Environ(), "BALANCER_BIND=127.0.0.1:1", "NODE_A=127.0.0.1:2", "NODE_B=127.0.0.1:3")
	if out, err := check.CombinedOutput(); err != nil || strings.Contains(string(out), "WARNING") {
		t.Errorf("haproxy -c: %v\n%s", err, out)
	}
}

func TestDockerfile_MakesAMinimalImageWithoutRoot(t *testing.T) {
	stages := dockerStages(t)
	if len(stages) != 2 {
		t.Fatalf("%d stages instead of two", len(stages))
	}
	build, last := stages[0], stages[1]
	if !regexp.MustCompile(`^golang:\d+\.\d+\.\d+-\w+ AS build$`).MatchString(build["FROM"][0]) {
		t.Errorf("the build stage is from %s", build["FROM"][0])
	}
	if last["FROM"][0] != "scratch" {
		t.Errorf("the image is from %s", last["FROM"][0])
	}
	if user := last["USER"]; len(user) != 1 || strings.HasPrefix(user[0], "0") || user[0] == "root" {
		t.Errorf("the image runs as %v", user)
	}
	if !strings.Contains(strings.Join(last["HEALTHCHECK"], ""), `CMD ["/matchfloor", "health",`) {
		t.Error("the image does not ask its own binary for its health; it has no shell")
	}
	for _, stage := range stages {
		for _, copied := range stage["COPY"] {
			checkCopied(t, copied)
		}
	}
}

// checkCopied checks that the files which an instruction copies from the tree exist and are
// not ignored.
func checkCopied(t *testing.T, instruction string) {
	t.Helper()
	if strings.HasPrefix(instruction, "--from=") {
		return
	}
	words := strings.Fields(instruction)
	for _, source := range words[:len(words)-1] {
		if _, err := os.Stat(filepath.Join("..", source)); err != nil {
			t.Errorf("COPY %s: %v", instruction, err)
		}
		if slices.Contains(fileLines(t, "../.dockerignore"), source) {
			t.Errorf("COPY %s: .dockerignore leaves it out", instruction)
		}
	}
}

// dockerStages returns the Dockerfile's arguments by instruction, one map for each stage.
func dockerStages(t *testing.T) []map[string][]string {
	t.Helper()
	var stages []map[string][]string
	for _, line := range fileLines(t, "../Dockerfile") {
		word, rest, _ := strings.Cut(line, " ")
		if word == "" || strings.HasPrefix(word, "#") {
			continue
		}
		if word == "FROM" {
			stages = append(stages, map[string][]string{})
		}
		if len(stages) == 0 {
			t.Fatalf("%q stands before the first FROM", line)
		}
		stage := stages[len(stages)-1]
		stage[word] = append(stage[word], rest)
	}
	return stages
}

func fileLines(t *testing.T, file string) []string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(strings.TrimSpace(string(text)), "\n")
}

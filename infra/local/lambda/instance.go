package lambda

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"nanoflux.ai/backend/infra/local/template"
)

// Lambda gives a function this long to start, and one that asked for it this long to end.
// https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html
const (
	initLimit = 10 * time.Second
	stopLimit = 500 * time.Millisecond
)

// instance is one process of a function; it handles one request at a time.
type instance struct {
	pool      *pool
	version   string    // path and time of the binary it runs
	state     state     // guarded by the pool's lock
	idleSince time.Time // guarded by the pool's lock
	output    *lines
	api       *runtimeAPI
	ready     chan struct{} // closed when the function asks for its first request
	gone      chan struct{} // closed when the process has ended
	exit      string        // why it ended; read after gone
	began     time.Time
	init      time.Duration // reported with the first request only

	mu      sync.Mutex
	stopped bool
	command *exec.Cmd
}

func newInstance(p *pool, version string) *instance {
	i := &instance{
		pool: p, version: version, ready: make(chan struct{}), gone: make(chan struct{}),
		output: &lines{to: p.service.log, prefix: p.function.Folder + ": "},
	}
	i.api = newRuntimeAPI(i)
	return i
}

func (i *instance) is(s state) bool {
	i.pool.mu.Lock()
	defer i.pool.mu.Unlock()
	return i.state == s
}

// start starts the process and returns when it asks for its first request.
func (i *instance) start(path string) error {
	i.began = time.Now()
	if err := i.launch(path); err != nil {
		i.pool.leave(i)
		close(i.gone)
		return &initError{kind: "Runtime.InvalidEntrypoint", message: fmt.Sprintf("%s does not start: %v", i.pool.function.Folder, err)}
	}
	tooLong := time.NewTimer(initLimit)
	defer tooLong.Stop()
	select {
	case <-i.ready:
		i.init = time.Since(i.began)
		return nil
	case <-i.gone:
		i.pool.leave(i)
		if given := i.api.initFailure(); given != nil {
			return &initError{payload: given}
		}
		return &initError{kind: "Runtime.ExitError", message: fmt.Sprintf(
			"%s stopped before its first request (%s)%s", i.pool.function.Folder, i.exit, i.output.tail())}
	case <-tooLong.C:
		i.pool.leave(i)
		i.stop()
		return &initError{kind: "Sandbox.Timedout", message: fmt.Sprintf(
			"%s did not ask for a request within %v of its start%s", i.pool.function.Folder, initLimit, i.output.tail())}
	}
}

func (i *instance) launch(path string) error {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.stopped {
		return ErrClosed
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	command := exec.Command(path)
	command.Dir = filepath.Dir(path)
	command.Env = i.environment(listener.Addr().String(), command.Dir)
	command.Stdout, command.Stderr = i.output, i.output
	command.WaitDelay = time.Second
	if err := i.pool.service.config.Start(command); err != nil {
		return errors.Join(err, listener.Close())
	}
	i.command = command
	server := &http.Server{Handler: i.api}
	go func() { _ = server.Serve(listener) }()
	go func() {
		err := command.Wait()
		i.exit = "exit status 0"
		if err != nil {
			i.exit = err.Error()
		}
		i.output.flush()
		i.pool.leave(i)
		close(i.gone)
		_ = server.Close()
	}()
	return nil
}

// environment is what Lambda sets; nothing of the runner's own is inherited but PATH.
// https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
func (i *instance) environment(address, folder string) []string {
	f := i.pool.function
	list := []string{
		"PATH=" + os.Getenv("PATH"), "TZ=:UTC", "LANG=en_US.UTF-8", "_HANDLER=bootstrap", "LAMBDA_TASK_ROOT=" + folder,
		"AWS_LAMBDA_RUNTIME_API=" + address,
		"AWS_LAMBDA_FUNCTION_NAME=" + f.ID, "AWS_LAMBDA_FUNCTION_VERSION=$LATEST",
		fmt.Sprintf("AWS_LAMBDA_FUNCTION_MEMORY_SIZE=%d", f.Memory),
		"AWS_LAMBDA_INITIALIZATION_TYPE=on-demand", "AWS_LAMBDA_LOG_FORMAT=JSON",
		"AWS_LAMBDA_LOG_GROUP_NAME=/aws/lambda/" + f.ID,
		"AWS_LAMBDA_LOG_STREAM_NAME=" + time.Now().UTC().Format("2006/01/02/") + "[$LATEST]" + hexadecimal(16),
		"AWS_REGION=" + template.Region, "AWS_DEFAULT_REGION=" + template.Region,
		"AWS_ACCESS_KEY_ID=local", "AWS_SECRET_ACCESS_KEY=local", "AWS_SESSION_TOKEN=local",
	}
	if endpoint := i.pool.service.config.Endpoint; endpoint != "" {
		list = append(list, "AWS_ENDPOINT_URL_LAMBDA="+endpoint)
	}
	for name, value := range f.Environment {
		list = append(list, name+"="+value)
	}
	return list
}

// run hands a request to the function and waits for what comes of it.
func (i *instance) run(request *invocation) Result {
	began := time.Now()
	tooLong := time.NewTimer(time.Until(request.deadline))
	defer tooLong.Stop()
	select {
	case i.api.requests <- request:
	case <-i.gone:
	}
	var result Result
	select {
	case result = <-request.answer:
	case <-i.gone:
		select {
		case result = <-request.answer: // it answered, and ended before we looked
		default:
			result = request.failure("Runtime.ExitError", "Runtime exited with error: "+i.exit)
		}
	case <-tooLong.C:
		i.pool.leave(i)
		go i.kill()
		result = request.failure("Sandbox.Timedout", fmt.Sprintf("Task timed out after %.2f seconds", i.pool.function.Timeout.Seconds()))
	}
	i.report(request, result, time.Since(began))
	return result
}

func (i *instance) report(request *invocation, result Result, took time.Duration) {
	line := fmt.Sprintf("REPORT %s %.2f ms", request.id, float64(took.Microseconds())/1000)
	if i.init > 0 {
		line += fmt.Sprintf(", init %.2f ms", float64(i.init.Microseconds())/1000)
		i.init = 0
	}
	if result.FunctionError != "" {
		line += ", failed: " + summary(result.Payload)
	}
	i.output.line(line)
}

// stop ends the process and waits for its end: SIGTERM reaches it only where it registered an
// extension, as in Lambda.
func (i *instance) stop() {
	if i.api.extended() {
		i.api.shutdown()
		i.signal(syscall.SIGTERM)
		select {
		case <-i.gone:
			return
		case <-time.After(stopLimit):
		}
	}
	i.kill()
	<-i.gone
}

func (i *instance) kill() { i.signal(syscall.SIGKILL) }

func (i *instance) signal(s syscall.Signal) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.stopped = true
	if i.command != nil {
		_ = i.command.Process.Signal(s) // an error says that it has ended already
	}
}

package sandbox

import (
	"fmt"
	"os"
	"path/filepath"
	"time"

	"nanoflux.ai/backend/infra/local/template"
)

// environment is what Lambda sets; nothing of the runner's own is inherited but PATH.
// https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
func (s *Sandbox) environment(address string) []string {
	f := s.Function
	list := []string{
		"PATH=" + os.Getenv("PATH"), "TZ=:UTC", "LANG=en_US.UTF-8",
		"_HANDLER=bootstrap", "LAMBDA_TASK_ROOT=" + filepath.Dir(s.Path),
		"AWS_LAMBDA_RUNTIME_API=" + address,
		"AWS_LAMBDA_FUNCTION_NAME=" + f.ID, "AWS_LAMBDA_FUNCTION_VERSION=$LATEST",
		fmt.Sprintf("AWS_LAMBDA_FUNCTION_MEMORY_SIZE=%d", f.Memory),
		"AWS_LAMBDA_INITIALIZATION_TYPE=on-demand", "AWS_LAMBDA_LOG_FORMAT=JSON",
		"AWS_LAMBDA_LOG_GROUP_NAME=/aws/lambda/" + f.ID,
		"AWS_LAMBDA_LOG_STREAM_NAME=" + time.Now().UTC().Format("2006/01/02/") + "[$LATEST]" + hexadecimal(16),
		"AWS_REGION=" + template.Region, "AWS_DEFAULT_REGION=" + template.Region,
		"AWS_ACCESS_KEY_ID=local", "AWS_SECRET_ACCESS_KEY=local", "AWS_SESSION_TOKEN=local",
	}
	if s.Endpoint != "" {
		list = append(list, "AWS_ENDPOINT_URL_LAMBDA="+s.Endpoint)
	}
	for name, value := range f.Environment {
		list = append(list, name+"="+value)
	}
	return list
}

package template

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const sample = `
Parameters:
  Host: {Type: String, Default: example.com}
  Secret: {Type: String, Default: app/secret}
Globals:
  Function:
    Timeout: 10
    MemorySize: 256
    Environment: {Variables: {HOST: !Ref Host, SHARED: global}}
Resources:
  Queue: {Type: "AWS::SQS::Queue"}
  Lines: {Type: "AWS::Logs::LogGroup"}
  Draw:
    Type: AWS::Serverless::Function
    Properties:
      Timeout: 150
      LoggingConfig: {LogGroup: !Ref Lines}
      ReservedConcurrentExecutions: 3
      EventInvokeConfig:
        MaximumRetryAttempts: 1
        MaximumEventAgeInSeconds: 900
        DestinationConfig: {OnFailure: {Type: SQS, Destination: !GetAtt Queue.Arn}}
      Environment:
        Variables:
          SHARED: own
          KEY: !Sub "k:{{resolve:secretsmanager:${Secret}:SecretString:KEY}}@${Host}"
          LONG: {"Fn::Sub": ["${A}-${!Literal}", {A: {Ref: Host}}]}
          SELF: !Sub "${Draw.Arn}"
  LoginCallback:
    Type: AWS::Serverless::Function
    Properties:
      Environment: {Variables: {DRAW: !Ref Draw}}
      Events:
        Return: {Type: HttpApi, Properties: {Method: get, Path: "/login/{id}"}}
        Rest: {Type: HttpApi}
        Minutely: {Type: ScheduleV2, Properties: {ScheduleExpression: rate(1 minute), Input: '{"a":1}'}}
        Daily: {Type: Schedule, Properties: {Schedule: cron(0 3 * * ? *)}}
        Told: {Type: CloudWatchLogs, Properties: {LogGroupName: !Ref Lines, FilterPattern: '{ $.a = "b" }'}}
`

func read(t *testing.T, text string, parameters map[string]string) (*Template, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "template.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return Read(path, parameters, func(name, key string) (string, error) { return name + "/" + key, nil })
}

func TestReadMergesGlobalsAndResolvesVariables(t *testing.T) {
	got, err := read(t, sample, map[string]string{"Host": "localhost"})
	if err != nil {
		t.Fatal(err)
	}
	draw, callback := got.Functions[0], got.Functions[1]
	if draw.Timeout != 150*time.Second || draw.Memory != 256 || draw.Concurrency != 3 {
		t.Errorf("draw: %+v", draw)
	}
	if want := (Async{1, 900 * time.Second, "arn:aws:sqs:us-east-1:123456789012:Queue"}); draw.Async != want {
		t.Errorf("async config: %+v", draw.Async)
	}
	for name, want := range map[string]string{
		"HOST": "localhost", "SHARED": "own", "KEY": "k:app/secret/KEY@localhost", "LONG": "localhost-${Literal}",
		"SELF": "arn:aws:lambda:us-east-1:123456789012:function:Draw",
	} {
		if draw.Environment[name] != want {
			t.Errorf("%s is %q, want %q", name, draw.Environment[name], want)
		}
	}
	if callback.Folder != "login-callback" || callback.Timeout != 10*time.Second || callback.Concurrency != 0 ||
		callback.Environment["SHARED"] != "global" || callback.Environment["DRAW"] != "Draw" {
		t.Errorf("callback: %+v", callback)
	}
	if want := (Async{Retries: 2, MaximumAge: 6 * time.Hour}); callback.Async != want {
		t.Errorf("default async config: %+v", callback.Async)
	}
}

func TestReadListsRoutesAndSchedules(t *testing.T) {
	got, err := read(t, sample, nil)
	if err != nil {
		t.Fatal(err)
	}
	routes := []Route{{"LoginCallback", "GET", "/login/{id}"}, {"LoginCallback", "", ""}}
	if len(got.Routes) != 2 || got.Routes[0] != routes[0] || got.Routes[1] != routes[1] {
		t.Errorf("routes: %+v", got.Routes)
	}
	schedules := []Schedule{
		{"login-callback", "LoginCallback", "rate(1 minute)", `{"a":1}`, true},
		{"login-callback-daily", "LoginCallback", "cron(0 3 * * ? *)", "", false},
	}
	if len(got.Schedules) != 2 || got.Schedules[0] != schedules[0] || got.Schedules[1] != schedules[1] {
		t.Errorf("schedules: %+v", got.Schedules)
	}
}

func TestReadListsSubscriptionsAndWhoPrintsWhere(t *testing.T) {
	got, err := read(t, sample, nil)
	if err != nil {
		t.Fatal(err)
	}
	if want := (Subscription{"LoginCallbackTold", "LoginCallback", "Lines", `{ $.a = "b" }`}); len(got.Subscriptions) != 1 || got.Subscriptions[0] != want {
		t.Errorf("subscriptions: %+v", got.Subscriptions)
	}
	if got.Functions[0].LogGroup != "Lines" || got.Functions[1].LogGroup != "" {
		t.Errorf("log groups: %+v", got.Functions)
	}
}

func TestReadRefusesWhatItDoesNotUnderstandWithFileAndLine(t *testing.T) {
	function := "Resources:\n  F:\n    Type: AWS::Serverless::Function\n    Properties:\n"
	for _, c := range []struct{ text, want string }{
		{"Parameters:\n  P: {Type: String}\n", "template.yaml:2: parameter P has neither a value nor a Default"},
		{"Parameters:\n  P:\n    Default: a\n    AllowedValues: [b]\n", `template.yaml:4: parameter P may not be "a"`},
		{function + "      Timeout: !If [A, 1, 2]\n", "template.yaml:5: !If is not understood here"},
		{function + "      Timeout: {\"Fn::If\": [A, 1, 2]}\n", "template.yaml:5: !If is not understood here"},
		{function + "      Timeout: !Ref Nobody\n", "template.yaml:5: Nobody is neither a parameter nor a resource"},
		{function + "      Timeout: soon\n", `template.yaml:5: "soon" is not a whole number`},
		{function + "      Environment: {Variables: {A: !GetAtt F.Url}}\n", "template.yaml:5: attribute Url of F"},
		{function + "      Environment: {Variables: {A: '{{resolve:ssm:x}}'}}\n", "template.yaml:5: {{resolve:ssm:x}}"},
		{function + "      Environment: {Variables: {A: [1]}}\n", "template.yaml:5: one value is expected"},
		{function + "      ReservedConcurrentExecutions: 0\n", "template.yaml:5: 0 reserved executions"},
		{function + "      Events:\n        E: {Type: SQS}\n", "template.yaml:6: the local cloud sends no SQS events"},
		{function + "      Events:\n        E: {Type: HttpApi, Properties: {Path: /a}}\n", "template.yaml:6: an HttpApi event has both"},
		{function + "      Events:\n        E: {Type: HttpApi}\n        G: {Type: HttpApi}\n", "template.yaml:7: route"},
		{function + "      Events:\n        E: {Type: CloudWatchLogs, Properties: {LogGroupName: G}}\n", "template.yaml:6: a CloudWatchLogs event has both"},
		{function + "      LoggingConfig: {LogGroup: G}\n      Events:\n        E: {Type: CloudWatchLogs, Properties: {LogGroupName: G, FilterPattern: x}}\n",
			"template.yaml:7: F would get its own lines"},
		{"Resources: [1]\n", "template.yaml:1: a mapping"},
		{"", "is empty"},
	} {
		_, err := read(t, c.text, nil)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s\n gives %v, want %q", c.text, err, c.want)
		}
	}
	if _, err := read(t, sample, map[string]string{"Hots": "x"}); err == nil || !strings.Contains(err.Error(), "no parameter Hots") {
		t.Errorf("an unknown parameter gives %v", err)
	}
}

func TestKebabNamesTheFolderOfALogicalID(t *testing.T) {
	for id, want := range map[string]string{"Site": "site", "SweepStalled": "sweep-stalled", "OpenAPIPage": "open-api-page", "Sha256Sum": "sha256-sum"} {
		if got := kebab(id); got != want {
			t.Errorf("%s is %s, want %s", id, got, want)
		}
	}
}

func TestTheRealTemplateGivesEveryRouteAFunctionWithAFolderName(t *testing.T) {
	got, err := Read("../../../template.yaml", nil, func(_, key string) (string, error) { return key, nil })
	if err != nil {
		t.Fatal(err)
	}
	folders := map[string]string{}
	for _, function := range got.Functions {
		folders[function.ID] = function.Folder
		for name, value := range function.Environment {
			if strings.Contains(value, "${") || strings.Contains(value, "{{") {
				t.Errorf("%s of %s is unresolved: %s", name, function.ID, value)
			}
		}
	}
	if len(got.Routes) == 0 || len(got.Schedules) == 0 {
		t.Fatalf("%d routes, %d schedules", len(got.Routes), len(got.Schedules))
	}
	for _, route := range got.Routes {
		if folders[route.Function] == "" {
			t.Errorf("route %s %s has no folder", route.Method, route.Path)
		}
	}
}

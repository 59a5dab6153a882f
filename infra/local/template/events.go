package template

import (
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"
)

// events adds what fires a function to the template's routes and schedules.
func (r *reader) events(found *Template, function Function, events *yaml.Node) error {
	list, err := r.entries(events)
	if err != nil {
		return err
	}
	for _, event := range list {
		kind, err := r.kind(event.node)
		if err != nil {
			return err
		}
		fields, err := r.mapping(event.node)
		if err != nil {
			return err
		}
		properties, err := r.mapping(fields["Properties"])
		if err != nil {
			return err
		}
		switch kind {
		case "HttpApi":
			err = r.route(found, function, event.node, properties)
		case "Schedule":
			err = r.schedule(found, function, event, properties["Schedule"], properties)
		case "ScheduleV2":
			err = r.schedule(found, function, event, properties["ScheduleExpression"], properties)
		case "CloudWatchLogs":
			err = r.subscription(found, function, event, properties)
		default:
			err = r.errorf(event.node, "the local cloud sends no %s events; it knows HttpApi, Schedule, ScheduleV2 and CloudWatchLogs", kind)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (r *reader) route(found *Template, function Function, at *yaml.Node, properties map[string]*yaml.Node) error {
	route := Route{Function: function.ID}
	method, path := properties["Method"], properties["Path"]
	if method == nil && path == nil {
		return r.addRoute(found, at, route)
	}
	if method == nil || path == nil {
		return r.errorf(at, "an HttpApi event has both Method and Path, or neither to be $default")
	}
	var err error
	if route.Method, err = r.text(method); err != nil {
		return err
	}
	if route.Path, err = r.text(path); err != nil {
		return err
	}
	if !strings.HasPrefix(route.Path, "/") {
		return r.errorf(path, "path %q must begin with a slash", route.Path)
	}
	if route.Method = strings.ToUpper(route.Method); route.Method == "*" {
		route.Method = "ANY"
	}
	return r.addRoute(found, at, route)
}

func (r *reader) addRoute(found *Template, at *yaml.Node, route Route) error {
	taken := slices.IndexFunc(found.Routes, func(other Route) bool {
		return other.Method == route.Method && other.Path == route.Path
	})
	if taken >= 0 {
		return r.errorf(at, "route %s %s already belongs to %s; a route has one function", route.Method, route.Path, found.Routes[taken].Function)
	}
	found.Routes = append(found.Routes, route)
	return nil
}

func (r *reader) schedule(found *Template, function Function, event entry, expression *yaml.Node, properties map[string]*yaml.Node) error {
	if expression == nil {
		return r.errorf(event.node, "this event has no expression; write rate(…) or cron(…)")
	}
	if zone := properties["ScheduleExpressionTimezone"]; zone != nil && zone.Value != "UTC" {
		return r.errorf(zone, "schedules run in UTC locally; remove the time zone")
	}
	s := Schedule{Name: function.Folder, Function: function.ID, V2: expression == properties["ScheduleExpression"]}
	if slices.ContainsFunc(found.Schedules, func(other Schedule) bool { return other.Name == s.Name }) {
		s.Name += "-" + kebab(event.name)
	}
	var err error
	if s.Expression, err = r.text(expression); err != nil {
		return err
	}
	if properties["Input"] != nil {
		s.Input, err = r.text(properties["Input"])
	}
	found.Schedules = append(found.Schedules, s)
	return err
}

// subscription refuses a function that subscribes to what it prints itself: it would have no end.
func (r *reader) subscription(found *Template, function Function, event entry, properties map[string]*yaml.Node) (err error) {
	group, filter := properties["LogGroupName"], properties["FilterPattern"]
	if group == nil || filter == nil {
		return r.errorf(event.node, "a CloudWatchLogs event has both LogGroupName and FilterPattern")
	}
	s := Subscription{Name: function.ID + event.name, Function: function.ID}
	if s.LogGroup, err = r.text(group); err != nil {
		return err
	}
	if s.Filter, err = r.text(filter); err != nil {
		return err
	}
	if s.LogGroup == function.LogGroup {
		return r.errorf(event.node, "%s would get its own lines again and again; give it a log group of its own", function.ID)
	}
	found.Subscriptions = append(found.Subscriptions, s)
	return nil
}

package stripe

import (
	"slices"
	"strconv"
)

func catalogueRoutes() map[string]handler {
	return map[string]handler{
		"POST /v1/products":       createProduct,
		"GET /v1/products/{id}":   retrieve("product"),
		"POST /v1/products/{id}":  updateProduct,
		"GET /v1/products/search": search("product", "/v1/products/search"),
		"GET /v1/products": func(c *call) (any, *apiError) {
			ids := c.form.texts("ids")
			return c.page("/v1/products", c.w.list("product", func(o object) bool {
				return c.isActive(o) && (ids == nil || slices.Contains(ids, text(o, "id")))
			}))
		},
		"POST /v1/prices":       createPrice,
		"GET /v1/prices/{id}":   retrieve("price"),
		"POST /v1/prices/{id}":  updatePrice,
		"GET /v1/prices/search": search("price", "/v1/prices/search"),
		"GET /v1/prices": func(c *call) (any, *apiError) {
			keys := c.form.texts("lookup_keys")
			return c.page("/v1/prices", c.w.list("price", func(o object) bool {
				return c.isActive(o) && c.filter("product", "type", "currency")(o) && (keys == nil || slices.Contains(keys, text(o, "lookup_key")))
			}))
		},
	}
}

func (c *call) isActive(o object) bool {
	return !c.form.has("active") || c.form.truth("active") == truth(o, "active")
}

func createProduct(c *call) (any, *apiError) {
	name := c.form.text("name")
	if name == "" {
		return nil, missing("name")
	}
	id := c.form.textOr("id", newID("prod_"))
	if c.w.get(id) != nil {
		return nil, coded("resource_already_exists", "", "Product already exists.")
	}
	product := c.w.add(object{"id": id, "object": "product", "active": c.form.textOr("active", "true") == "true",
		"default_price": nil, "description": orNil(c.form.text("description")), "features": []any{}, "images": []any{},
		"metadata": c.form.metadata(), "name": name, "package_dimensions": nil, "shippable": nil, "statement_descriptor": nil,
		"tax_code": orNil(c.form.text("tax_code")), "unit_label": nil, "updated": c.w.now().Unix(), "url": nil})
	c.w.emit("product.created", product)
	return product, nil
}

func updateProduct(c *call) (any, *apiError) {
	product, failure := c.named("product")
	if failure != nil {
		return nil, failure
	}
	product["updated"] = c.w.now().Unix()
	c.update(product, "name", "description")
	c.w.emit("product.updated", product)
	return product, nil
}

// update sets the fields of an object that every update may set: the texts, whether it is active, its metadata.
func (c *call) update(o object, texts ...string) {
	for _, field := range texts {
		if c.form.has(field) {
			o[field] = orNil(c.form.text(field))
		}
	}
	if c.form.has("active") {
		o["active"] = c.form.truth("active")
	}
	if c.form.has("metadata") {
		o["metadata"] = c.form.part("metadata").change(part(o, "metadata"))
	}
}

func createPrice(c *call) (any, *apiError) {
	f := c.form
	if !f.has("currency") {
		return nil, missing("currency")
	}
	if !f.has("unit_amount") {
		return nil, missing("unit_amount")
	}
	product := f.text("product")
	if name := f.text("product_data.name"); name != "" {
		made, failure := createProduct(&call{w: c.w, r: c.r, form: f.part("product_data")})
		if failure != nil {
			return nil, failure
		}
		o, _ := made.(object)
		product = text(o, "id")
	} else if _, failure := c.given("product", "product"); failure != nil {
		return nil, failure
	}
	recurring, kind := any(nil), "one_time"
	if f.has("recurring") {
		interval := f.text("recurring.interval")
		if !slices.Contains([]string{"day", "week", "month", "year"}, interval) {
			return nil, invalid("recurring[interval]", "Invalid recurring[interval]: must be one of month, year, week, or day")
		}
		kind = "recurring"
		recurring = object{"aggregate_usage": nil, "interval": interval, "interval_count": max(1, f.number("recurring.interval_count")),
			"usage_type": "licensed"}
	}
	key := f.text("lookup_key")
	if failure := c.takeLookupKey(key); failure != nil {
		return nil, failure
	}
	price := c.w.add(object{"id": newID("price_"), "object": "price", "active": true, "billing_scheme": "per_unit",
		"currency": f.text("currency"), "custom_unit_amount": nil, "lookup_key": orNil(key), "metadata": f.metadata(),
		"nickname": orNil(f.text("nickname")), "product": product, "recurring": recurring, "tax_behavior": f.textOr("tax_behavior", "unspecified"),
		"tiers_mode": nil, "transform_quantity": nil, "type": kind, "unit_amount": f.number("unit_amount"),
		"unit_amount_decimal": strconv.FormatInt(f.number("unit_amount"), 10)})
	c.w.emit("price.created", price)
	return price, nil
}

// takeLookupKey moves the key from the price that has it, where the form says that this is wished.
func (c *call) takeLookupKey(key string) *apiError {
	if key == "" {
		return nil
	}
	for _, other := range c.w.list("price", is("lookup_key", key)) {
		if !c.form.truth("transfer_lookup_key") {
			return invalid("lookup_key", "A price (`%s`) already uses that lookup key.", other["id"])
		}
		other["lookup_key"] = nil
	}
	return nil
}

func updatePrice(c *call) (any, *apiError) {
	price, failure := c.named("price")
	if failure != nil {
		return nil, failure
	}
	if key := c.form.text("lookup_key"); key != "" && key != text(price, "lookup_key") {
		if failure := c.takeLookupKey(key); failure != nil {
			return nil, failure
		}
	}
	c.update(price, "nickname", "lookup_key")
	c.w.emit("price.updated", price)
	return price, nil
}

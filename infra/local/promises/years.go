package promises

func (p *play) story(int) error { return p.shortStory(40) }

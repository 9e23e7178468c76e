package main

import "github.com/matchfloor/matchfloor/floor"

// field is a field of business.
type field struct {
	ko, zh, en string // after a Korean brand
	coZh       string // after a Chinese brand
	skill      string // that an interpreter for it should have
}

// fields are assigned to the companies in this order: k04, k12 and k20 make lighting.
var fields = []field{
	{"솔라", "光伏", "Solar", "光伏科技", "solar"},
	{"워터텍", "水处理", "Watertech", "水务科技", "water"},
	{"배터리", "电池", "Battery", "储能电池", "battery"},
	{"조명", "照明", "Lighting", "光电照明", "LED"},
	{"자원순환", "资源循环", "Recycling", "再生资源", "recycling"},
	{"에어클린", "空气净化", "Cleanair", "空气净化", "air"},
	{"열에너지", "热能", "Thermal", "热能设备", "heat"},
	{"스마트그리드", "智能电网", "Smart Grid", "智能电网", "grid"},
}

// name is an invented name in three scripts.
type name struct{ ko, zh, en string }

func (n name) text() floor.Text { return floor.Text{Ko: n.ko, Zh: n.zh, En: n.en} }

var koreanBrands = []name{
	{"가온들", "佳温德", "Gaondeul"}, {"나래울", "娜莱蔚", "Naraeul"}, {"다온샘", "多温泉", "Daonsaem"}, {"도담빛", "都淡光", "Dodambit"},
	{"라온결", "罗温洁", "Raongyeol"}, {"마루숲", "玛路森", "Marusup"}, {"한울림", "韩蔚林", "Hanullim"}, {"미르내", "美溪内", "Mireunae"},
	{"바른터", "百润拓", "Bareunteo"}, {"보람뜰", "宝岚庭", "Boramtteul"}, {"새길온", "世吉温", "Saegiron"}, {"빛고운", "光谷韵", "Bitgoun"},
	{"소담누", "素昙楼", "Sodamnu"}, {"솔하늬", "松河霓", "Solhanui"}, {"아리솔", "雅丽松", "Arisol"}, {"여울목", "如蔚木", "Yeoulmok"},
	{"온새로", "温赛路", "Onsaero"}, {"우람결", "宇蓝洁", "Uramgyeol"}, {"윤슬재", "润瑟斋", "Yunseuljae"}, {"이든샘", "怡登泉", "Ideunsaem"},
	{"지음터", "知音拓", "Jieumteo"}, {"초록담", "翠绿潭", "Chorokdam"}, {"하늬울", "河霓蔚", "Hanuiul"}, {"해든솔", "海登松", "Haedeunsol"},
}

var chineseBrands = []name{
	{"청란시", "澄岚溪", "Chenglanxi"}, {"윈치옌", "云栖砚", "Yunqiyan"}, {"싱위안하이", "星垣海", "Xingyuanhai"}, {"무예촨", "沐野川", "Muyechuan"},
	{"치웨란", "启岳澜", "Qiyuelan"}, {"허룬즈", "禾润芷", "Herunzhi"}, {"한투닝", "瀚图宁", "Hantuning"}, {"랑쩌위", "朗泽屿", "Langzeyu"},
	{"성롼구", "晟峦谷", "Shengluangu"}, {"지촨허", "霁川禾", "Jichuanhe"}, {"이천광", "翊辰光", "Yichenguang"}, {"야오시위안", "曜溪源", "Yaoxiyuan"},
	{"헝처완", "衡澈湾", "Hengchewan"}, {"보위안신", "泊远芯", "Boyuanxin"}, {"징린두", "璟林渡", "Jinglindu"}, {"헝산추", "珩山秋", "Hengshanqiu"},
	{"친위안숴", "沁原朔", "Qinyuanshuo"}, {"이판저우", "屹帆洲", "Yifanzhou"}, {"우퉁시", "梧桐汐", "Wutongxi"}, {"하오위안스", "皓渊石", "Haoyuanshi"},
	{"화이구신", "怀谷新", "Huaiguxin"}, {"린처광", "临澈光", "Lincheguang"}, {"민촨루이", "旻川锐", "Minchuanrui"}, {"루저우헝", "鹭洲恒", "Luzhouheng"},
	{"리펑위안", "栎风源", "Lifengyuan"}, {"치허쩌", "祁禾泽", "Qiheze"}, {"쑹위란", "嵩语澜", "Songyulan"}, {"탕시두", "棠溪度", "Tangxidu"},
	{"리스완", "砾石湾", "Lishiwan"}, {"훙시허", "弘曦禾", "Hongxihe"}, {"천촨즈", "岑川智", "Cenchuanzhi"}, {"진위안넝", "槿原能", "Jinyuanneng"},
	{"밍쩌랑", "鸣泽朗", "Mingzelang"}, {"위란차오", "郁岚桥", "Yulanqiao"}, {"팅펑위안", "亭峰远", "Tingfengyuan"}, {"웨이하이신", "苇海新", "Weihaixin"},
}

// The lists of family and given names have coprime lengths, so that taking one of each
// in turn gives hundreds of names before one repeats.
var koreanFamilies = []name{
	{"김", "金", "Kim"}, {"이", "李", "Lee"}, {"박", "朴", "Park"}, {"최", "崔", "Choi"}, {"정", "郑", "Jung"}, {"강", "姜", "Kang"},
	{"조", "赵", "Cho"}, {"윤", "尹", "Yoon"}, {"장", "张", "Jang"}, {"임", "林", "Lim"}, {"한", "韩", "Han"}, {"오", "吴", "Oh"},
	{"서", "徐", "Seo"}, {"신", "申", "Shin"}, {"권", "权", "Kwon"}, {"황", "黄", "Hwang"}, {"안", "安", "Ahn"}, {"송", "宋", "Song"},
}

var koreanGivens = []name{
	{"서연", "瑞妍", "Seoyeon"}, {"도윤", "道允", "Doyun"}, {"하준", "夏俊", "Hajun"}, {"지안", "智安", "Jian"}, {"은호", "恩浩", "Eunho"},
	{"수아", "秀雅", "Sua"}, {"민재", "旻宰", "Minjae"}, {"예린", "艺琳", "Yerin"}, {"시우", "时宇", "Siu"}, {"다은", "多恩", "Daeun"},
	{"태경", "泰京", "Taegyeong"}, {"현서", "贤瑞", "Hyeonseo"}, {"주원", "周源", "Juwon"}, {"유진", "有珍", "Yujin"}, {"건우", "建宇", "Geonu"},
	{"채원", "彩媛", "Chaewon"}, {"승민", "承旻", "Seungmin"}, {"나윤", "娜允", "Nayun"}, {"재하", "在夏", "Jaeha"}, {"소율", "素律", "Soyul"},
	{"동현", "东贤", "Donghyeon"}, {"가은", "佳恩", "Gaeun"}, {"우진", "宇镇", "Ujin"},
}

var chineseFamilies = []name{
	{"왕", "王", "Wang"}, {"리", "李", "Li"}, {"장", "张", "Zhang"}, {"류", "刘", "Liu"}, {"천", "陈", "Chen"}, {"양", "杨", "Yang"},
	{"자오", "赵", "Zhao"}, {"황", "黄", "Huang"}, {"저우", "周", "Zhou"}, {"우", "吴", "Wu"}, {"쉬", "徐", "Xu"}, {"쑨", "孙", "Sun"},
	{"마", "马", "Ma"}, {"주", "朱", "Zhu"}, {"후", "胡", "Hu"}, {"궈", "郭", "Guo"}, {"허", "何", "He"}, {"가오", "高", "Gao"}, {"린", "林", "Lin"},
}

var chineseGivens = []name{
	{"위퉁", "雨桐", "Yutong"}, {"하오란", "浩然", "Haoran"}, {"쓰위안", "思远", "Siyuan"}, {"자닝", "佳宁", "Jianing"}, {"쯔모", "子墨", "Zimo"},
	{"샤오퉁", "晓彤", "Xiaotong"}, {"원보", "文博", "Wenbo"}, {"신이", "欣怡", "Xinyi"}, {"쥔츠", "俊驰", "Junchi"}, {"멍제", "梦洁", "Mengjie"},
	{"리췬", "立群", "Liqun"}, {"뤄시", "若曦", "Ruoxi"}, {"쩌위", "泽宇", "Zeyu"}, {"징수", "静姝", "Jingshu"}, {"즈헝", "志恒", "Zhiheng"},
	{"위천", "语晨", "Yuchen"}, {"카이원", "凯文", "Kaiwen"}, {"안란", "安然", "Anran"}, {"보한", "伯涵", "Bohan"}, {"수야오", "书瑶", "Shuyao"},
	{"치밍", "启明", "Qiming"}, {"녠츠", "念慈", "Nianci"}, {"청즈", "承志", "Chengzhi"},
}

var koreanTitles = []string{"대표이사 / CEO", "해외영업부장 / Head of Overseas Sales", "기술연구소장 / R&D Director"}

var chineseTitles = []string{"总经理 / General Manager", "市场总监 / Marketing Director", "技术总监 / Technical Director"}

// korean returns the n-th Korean person's name.
func korean(n int) floor.Text {
	f, g := koreanFamilies[n%len(koreanFamilies)], koreanGivens[n%len(koreanGivens)]
	return floor.Text{Ko: f.ko + g.ko, Zh: f.zh + g.zh, En: f.en + " " + g.en}
}

// chinese returns the n-th Chinese person's name.
func chinese(n int) floor.Text {
	f, g := chineseFamilies[n%len(chineseFamilies)], chineseGivens[n%len(chineseGivens)]
	return floor.Text{Ko: f.ko + " " + g.ko, Zh: f.zh + g.zh, En: f.en + " " + g.en}
}
